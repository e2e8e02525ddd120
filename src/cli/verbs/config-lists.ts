import { GalleyError } from '#base/error.ts'
import { serviceHash } from '#compose/model/hash.ts'
import { separatorIn } from '#compose/model/compatibility.ts'
import type { Loaded } from '#compose/model/load.ts'
import { usedVariables } from '#compose/model/open-variables.ts'
import type { UsedVariable } from '#compose/model/interpolate.ts'
import { jsonText } from '#compose/model/language/json.ts'
import { yamlText } from '#compose/model/language/yaml.ts'
import { profilesOf } from '#compose/model/profiles.ts'
import { dependencyOrder, serviceOf } from '#compose/model/select.ts'
import { fieldIn, plainText, type Entry } from '#compose/model/tree.ts'
import { pad, widthOf } from '../render/width.ts'

/** Without `disabled` where no profile was applied. */
type Listed = Pick<Loaded, 'name' | 'document'> & Partial<Pick<Loaded, 'disabled' | 'variables'>>

/** What `galley config` lists instead of the whole document, one a line. */
export const lists: Readonly<
  Record<'services' | 'volumes' | 'networks' | 'models' | 'profiles' | 'images' | 'environment', (loaded: Listed) => string>
> = {
  services: ({ document }) => lines(dependencyOrder(document)),
  volumes: ({ document }) => lines(keysIn(document, 'volumes').toSorted()),
  networks: ({ document }) => lines(keysIn(document, 'networks').toSorted()),
  models: ({ document }) => lines(entriesIn(document, 'models').map(([, { value }]) => plainText(fieldIn(value, 'model')))),
  profiles: ({ document, disabled }) => {
    const services = [...entriesIn(document, 'services').map(([, entry]) => entry), ...(disabled?.entries.values() ?? [])]
    return lines([...new Set(services.flatMap(profilesOf))].toSorted())
  },
  images: ({ document, name, variables = {} }) =>
    lines(
      entriesIn(document, 'services').map(
        ([service, { value }]) => plainText(fieldIn(value, 'image')) || `${name}${separatorIn(variables)}${service}`,
      ),
    ),
  environment: ({ variables = {} }) =>
    lines(
      Object.entries(variables)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted(),
    ),
}

/**
 * Each service's hash, as Docker Compose 2.40 tells it: without what an `env_file` says, which counts for the label of its containers.
 * `wanted` is `*` or names with commas. Throws `not found`.
 */
export function hashes({ document }: Loaded, wanted: string): string {
  const names = wanted === '*' ? keysIn(document, 'services') : wanted.split(',')
  return lines(names.toSorted().map((name) => `${name} ${serviceHash(serviceOf(document, name))}`))
}

/** The variables that files use, as a table, `json` or `yaml`. Throws `invalid`. */
export function variables({ document }: Pick<Loaded, 'document'>, format = 'table'): string {
  const used = [...usedVariables(document)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, variable]) => variable)
  const listed = (...[name, fallback, alternative, required]: readonly string[]): Map<string, Map<string, string | boolean>> =>
    new Map(
      used.map((one) => {
        const values = [one.name, one.fallback, one.alternative, one.required]
        const keys = [name, fallback, alternative, required]
        return [one.name, new Map(keys.map((key, index) => [key ?? '', values[index] ?? '']))]
      }),
    )
  if (format === 'json') return `${jsonText(listed('Name', 'DefaultValue', 'PresenceValue', 'Required'), '    ')}\n\n`
  if (format === 'yaml') return yamlText(listed('name', 'defaultvalue', 'presencevalue', 'required')).replaceAll(/^ {2}/gm, '    ')
  if (format !== 'table')
    throw new GalleyError('invalid', `unsupported format "${format}"`, { code: 'cli.option-value', advice: 'One of table, yaml, json.' })
  return variableTable(used)
}

/** As Docker Compose sets it: no column but the last is narrower than twenty. */
function variableTable(used: readonly UsedVariable[]): string {
  const heads = ['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE']
  const rows = [heads, ...used.map(({ name, required, fallback, alternative }) => [name, String(required), fallback, alternative])]
  const widths = [0, 1, 2].map((column) => Math.max(20, ...rows.map((row) => widthOf(row[column] ?? '') + 3)))
  return lines(rows.map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0)).join('')))
}

function entriesIn(document: Loaded['document'], section: string): [string, Entry][] {
  const entries = fieldIn(document, section)
  return entries?.kind === 'mapping' ? [...entries.entries] : []
}

function keysIn(document: Loaded['document'], section: string): string[] {
  return entriesIn(document, section).map(([key]) => key)
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}
