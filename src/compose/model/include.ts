import { dirname, relative, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { namedFile, type Reading } from './documents.ts'
import { withDefaults } from './language/defaults.ts'
import { withPlaces } from './language/places.ts'
import { printAnything } from './language/print.ts'
import { withOpenValues } from './open-values.ts'
import { withCallersValues } from './settings.ts'
import { fieldIn, invalidAt, mappingOf, plainText, withField, type Entry, type Mapping, type Node } from './tree.ts'
import { usualEnvFiles, withEnvFiles } from './variables.ts'

const sections = ['services', 'volumes', 'networks', 'secrets', 'configs', 'models'] as const

type ReadFiles = (files: readonly string[], reading: Reading, including: readonly string[]) => Mapping

/** Reads files, and what they include in turn; `including` are the files that led here. */
export interface Including {
  readonly read: ReadFiles
  readonly including: readonly string[]
}

/**
 * The same canonical document with what it includes (compose-spec, 14-include): each included project has its own directory and `.env`, and
 * may not declare anew what is there already. Throws `invalid` with the place.
 */
export function withIncludes(document: Mapping, reading: Reading, { read, including }: Including): Mapping {
  const list = fieldIn(document, 'include')
  if (list?.kind !== 'sequence') return document
  const own = withField(document, 'include', undefined)
  const withValues = reading.interpolates ? withCallersValues : withOpenValues
  return list.items.reduce<Mapping>((target, item) => {
    const { files, inner } = included(item, reading)
    const again = files.find((file) => including.includes(file))
    if (again !== undefined) throw invalidAt(item.at, `include cycle detected: ${[...including, again].join(' includes ')}`)
    const whole = withDefaults(reading.form, read(files, inner, including))
    const source = withPlaces(reading.form, whole, relative(reading.directory, inner.directory) || '.') as Mapping
    return imported(target, withValues(source, inner.variables), item)
  }, own)
}

function included(item: Node, reading: Reading): { readonly files: readonly string[]; readonly inner: Reading } {
  const here = (path: string): string => resolve(reading.directory, path)
  const files = textsIn(fieldIn(item, 'path')).map((path) => namedFile(path, reading, item.at))
  const [first] = files
  if (first === undefined) throw invalidAt(item.at, 'include needs a path')
  const wished = plainText(fieldIn(item, 'project_directory'))
  const directory = wished === '' ? dirname(first) : here(wished)
  const envFiles = textsIn(fieldIn(item, 'env_file')).map(here)
  const variables = withEnvFiles(reading.variables, envFiles.length > 0 ? envFiles : usualEnvFiles(directory, {}))
  return { files, inner: { ...reading, directory, variables } }
}

function imported(target: Mapping, source: Mapping, item: Node): Mapping {
  return sections.reduce((document, section) => {
    const [own, theirs] = [fieldIn(document, section), fieldIn(source, section)]
    if (theirs?.kind !== 'mapping') return document
    const entries = new Map<string, Entry>(own?.kind === 'mapping' ? own.entries : [])
    for (const [name, entry] of theirs.entries) {
      const there = entries.get(name)
      if (there !== undefined && !isDeepStrictEqual(printAnything(there.value, 'json'), printAnything(entry.value, 'json')))
        throw invalidAt(
          there.at,
          `${section}.${name} conflicts with imported resource`,
          `It comes from the include at line ${item.at.line}.`,
        )
      entries.set(name, there ?? entry)
    }
    return withField(document, section, mappingOf(entries, own?.at ?? theirs.at))
  }, target)
}

function textsIn(node: Node | undefined): string[] {
  return node?.kind === 'sequence' ? node.items.map(plainText) : []
}
