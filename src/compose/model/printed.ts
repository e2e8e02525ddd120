import { GalleyError } from '#base/error.ts'
import { document as form } from './language/document.ts'
import type { Form } from './language/form.ts'
import { jsonText } from './language/json.ts'
import { openedStruct } from './language/opened.ts'
import { byCode } from './language/order.ts'
import { print, printAnything, type Printed } from './language/print.ts'
import { yamlText } from './language/yaml.ts'
import type { Loaded } from './load.ts'
import { scalar, withField, type Mapping } from './tree.ts'

export type Format = 'yaml' | 'json'

/** A loaded document as `docker compose config` prints it. Dollars are doubled, so that it can be read again. */
export function printedText({ name, document }: Pick<Loaded, 'name' | 'document'>, format: Format): string {
  const named = withField(document, 'name', scalar(name === '' ? null : name, document.at))
  return (format === 'yaml' ? yamlText(print(form, named, 'yaml')) : jsonText(jsonDocument(named), '  ')).replaceAll('$', '$$$$')
}

/** One in which variables were left in place: nothing has its type yet, so all is printed as it stands, in the alphabet's order. */
export function openText(document: Mapping, format: Format): string {
  const printed =
    format === 'yaml' ? printAnything(document, format) : withoutEmptyLists(openedStruct(form), printAnything(document, format))
  return format === 'yaml' ? yamlText(printed) : jsonText(printed, '  ')
}

/** Throws `invalid`. */
export function formatOf(text: string): Format {
  if (text === 'yaml' || text === 'json') return text
  throw new GalleyError('invalid', `unsupported format "${text}"`, { code: 'cli.option-value', advice: 'One of yaml, json.' })
}

/** In JSON, sections are in the alphabet's order, and a person's own keys are kept at the top alone. */
function jsonDocument(document: Mapping): Printed {
  const sections = print(form, document, 'json') as ReadonlyMap<string, Printed>
  const own = [...document.entries].flatMap(([key, { value }]) =>
    key.startsWith('x-') ? [[key, printAnything(value, 'json')] as const] : [],
  )
  return new Map([['name', ''] as const, ...sections, ...own].toSorted(([a], [b]) => byCode(a, b)))
}

/** Docker Compose writes a list that came out empty as `null` in JSON, but for those whose items it compares. */
function withoutEmptyLists(part: Form, value: Printed): Printed {
  if (value instanceof Map)
    return new Map([...(value as ReadonlyMap<string, Printed>)].map(([key, item]) => [key, withoutEmptyLists(formOf(part, key), item)]))
  if (!Array.isArray(value)) return value
  const items: readonly Printed[] = value
  if (items.length === 0) return isCompared(part) ? items : null
  return items.map((item) => withoutEmptyLists(part.kind === 'list' ? part.of : part, item))
}

function formOf(part: Form, key: string): Form {
  if (part.kind === 'names') return part.of
  return (part.kind === 'struct' ? part.fields[key]?.form : undefined) ?? { kind: 'any' }
}

function isCompared(part: Form): boolean {
  const inner = part.kind === 'kept' ? part.of : part
  return inner.kind === 'list' ? inner.same !== undefined : inner.kind === 'names' && inner.bare === 'empty'
}
