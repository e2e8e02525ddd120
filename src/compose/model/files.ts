import { readDocuments, type Reading } from './documents.ts'
import { withExtends } from './extends.ts'
import { withIncludes } from './include.ts'
import { canonical } from './language/canonical.ts'
import type { Struct } from './language/form.ts'
import { merge, withoutMarks } from './language/merge.ts'
import { lostParts } from './lost-parts.ts'
import { fieldIn, invalidAt, isNull, mappingOf, placeOf, withField, type Mapping } from './tree.ts'

/**
 * Files put over each other, with what they extend and include: canonical, not yet typed. Relative paths are still relative.
 * Throws `not found`, `invalid` with the place.
 */
export function readFiles(files: readonly string[], reading: Reading, including: readonly string[] = []): Mapping {
  const nothing = mappingOf([], { file: files[0] ?? '', line: 1, column: 1 })
  return files.reduce<Mapping>((base, file) => {
    const here = { read: readFiles, including: [...including, file] }
    return readDocuments(file, reading).reduce((below, raw) => {
      const document = withIncludes(withExtends(checked(raw, reading), file, reading), reading, here)
      return withoutMarks(merge(reading.form, below, document)) as Mapping
    }, base)
  }, nothing)
}

function checked(raw: Mapping, { warnings, form }: Reading): Mapping {
  const version = raw.entries.get('version')
  if (version !== undefined)
    warnings.push(
      `${placeOf(version.at)}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
    )
  refuseVersion1(raw, form)
  warnings.push(...lostParts(raw))
  const document = canonical(form, raw, '') as Mapping
  return isNull(fieldIn(document, 'version')) ? document : withField(document, 'version', undefined)
}

/** Version 1 had services at the top, which nothing reads any more. */
function refuseVersion1(raw: Mapping, form: Struct): void {
  for (const [name, { at, value }] of raw.entries) {
    const known = Object.hasOwn(form.fields, name) || name.startsWith('x-')
    if (known || raw.entries.has('services') || (fieldIn(value, 'image') ?? fieldIn(value, 'build')) === undefined) continue
    const advice = 'Write "services:" in the first line and indent what follows.'
    throw invalidAt(at, `"${name}" is a service of a version 1 file, which is no longer read: services stand below "services:"`, advice)
  }
}
