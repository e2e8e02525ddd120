import { GalleyError } from '#base/error.ts'
import { document as form } from './language/document.ts'
import { jsonText } from './language/json.ts'
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
export function openText({ name, document }: Pick<Loaded, 'name' | 'document'>, format: Format): string {
  const printed = printAnything(withField(document, 'name', scalar(name, document.at)), format)
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
  return new Map([...sections, ...own].toSorted(([a], [b]) => byCode(a, b)))
}
