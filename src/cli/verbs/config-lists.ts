import { serviceHash } from '#compose/model/hash.ts'
import type { Loaded } from '#compose/model/load.ts'
import { usedVariables } from '#compose/model/open-variables.ts'
import { jsonText } from '#compose/model/language/json.ts'
import { profilesOf } from '#compose/model/profiles.ts'
import { dependencyOrder, serviceOf } from '#compose/model/select.ts'
import { fieldIn, plainText, type Entry } from '#compose/model/tree.ts'
import { table } from '../render/table.ts'

/** What `galley config` lists instead of the whole document, one a line. */
export const lists: Readonly<
  Record<'services' | 'volumes' | 'networks' | 'models' | 'profiles' | 'images' | 'environment', (loaded: Loaded) => string>
> = {
  services: ({ document }) => lines(dependencyOrder(document)),
  volumes: ({ document }) => lines(keysIn(document, 'volumes').toSorted()),
  networks: ({ document }) => lines(keysIn(document, 'networks').toSorted()),
  models: ({ document }) => lines(entriesIn(document, 'models').map(([, { value }]) => plainText(fieldIn(value, 'model')))),
  profiles: ({ document, disabled }) => {
    const services = [...entriesIn(document, 'services').map(([, entry]) => entry), ...disabled.entries.values()]
    return lines([...new Set(services.flatMap(profilesOf))].toSorted())
  },
  images: ({ document, name }) =>
    lines(entriesIn(document, 'services').map(([service, { value }]) => plainText(fieldIn(value, 'image')) || `${name}-${service}`)),
  environment: ({ variables }) =>
    lines(
      Object.entries(variables)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted(),
    ),
}

/** Each service's hash, as it is on its containers. `wanted` is `*` or names with commas. Throws `not found`. */
export function hashes({ document }: Loaded, wanted: string): string {
  const names = wanted === '*' ? keysIn(document, 'services') : wanted.split(',')
  return lines(names.toSorted().map((name) => `${name} ${serviceHash(serviceOf(document, name))}`))
}

/** The variables that files use. */
export function variables({ document }: Loaded, format = 'table'): string {
  const used = [...usedVariables(document)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (format === 'json')
    return `${jsonText(
      new Map(
        used.map(([name, { fallback, alternative, required }]) => [
          name,
          new Map<string, string | boolean>([
            ['Name', name],
            ['DefaultValue', fallback],
            ['PresenceValue', alternative],
            ['Required', required],
          ]),
        ]),
      ),
      '    ',
    )}\n`
  return table(
    ['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'],
    used.map(([name, { required, fallback, alternative }]) => [name, String(required), fallback, alternative]),
  )
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
