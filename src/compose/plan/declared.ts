import { isObject } from '#base/json.ts'
import { hooksOf } from '#compose/model/life-hooks.ts'
import type { LifeHooks, Service } from '#compose/model/model.ts'

/** One key of a service that is not what it was. */
interface Difference {
  /** As in the file: `environment.GREETING`. */
  readonly key: string
  readonly before: string | undefined
  readonly after: string | undefined
}

/** Keys that make no container anew. */
const apart = new Set(['at', 'build', 'dependsOn', 'replicas', 'profiles', 'pullPolicy', 'configHash', 'watch', 'attach'])

/** What a container is made from, for its label: JSON without positions. */
export function declaredText(service: Service): string {
  return JSON.stringify(plain(service))
}

/** What differs between the declaration that a container was made from and the one that is wished, a line for each key. */
export function differenceLines(label: string | undefined, service: Service): string[] {
  const found = differences(label, service)
  if (found === undefined) return ['its configuration; what it was made from is not known, as another tool made it']
  return found.length === 0 ? ['its configuration'] : found.map(lineOf)
}

/** The same of any two declarations, by the keys of the file. */
export function keyLines(before: unknown, after: unknown): string[] {
  return [...compare([], before, after)].map(lineOf)
}

function lineOf({ key, before, after }: Difference): string {
  if (before === undefined) return `${key}: ${after}, was not there`
  return after === undefined ? `${key}: is gone, was ${before}` : `${key}: ${before} → ${after}`
}

/** The hooks that a container was made with, as its label tells them; undefined when another tool made it. */
export function declaredHooks(label: string | undefined): LifeHooks | undefined {
  if (label === undefined) return undefined
  try {
    return hooksOf(JSON.parse(label) as Service)
  } catch {
    return undefined
  }
}

function differences(label: string | undefined, service: Service): Difference[] | undefined {
  if (label === undefined) return undefined
  try {
    return [...compare([], JSON.parse(label), plain(service))]
  } catch {
    return undefined
  }
}

function plain(service: Service): unknown {
  const environment = Object.fromEntries(Object.entries(service.environment).map(([name, { value }]) => [name, value]))
  const kept = Object.fromEntries(Object.entries({ ...service, environment }).filter(([key]) => !apart.has(key)))
  return JSON.parse(JSON.stringify(kept, (key, value: unknown) => (key === 'at' ? undefined : value)))
}

function* compare(path: readonly string[], before: unknown, after: unknown): Generator<Difference> {
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) yield* compare([...path, key], before[key], after[key])
  } else if (JSON.stringify(before) !== JSON.stringify(after)) yield { key: keyOf(path), before: textOf(before), after: textOf(after) }
}

/** As it is written in the file: words apart by `_`, and without what only the model has. */
function keyOf(path: readonly string[]): string {
  const [first = '', ...rest] = path
  const written = first === 'options' ? rest.slice(1) : path
  return written.map((word, index) => (index === 0 ? snake(word) : word)).join('.')
}

function snake(word: string): string {
  return ({ mounts: 'volumes' }[word] ?? word).replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, '')
}

function textOf(value: unknown): string | undefined {
  // Nothing can be seen of an empty text.
  return value === undefined ? undefined : typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}
