import { GalleyError } from '#base/error.ts'

/** What each filter of a list means; of several values of one name any will do, but for labels. */
export type Tests<T, Context = undefined> = Readonly<Record<string, (thing: T, value: string, context: Context) => boolean>>

const needsAll: ReadonlySet<string> = new Set(['label', 'label!'])
const truths: ReadonlySet<string> = new Set(['dangling'])

/** A filter's value as Go's ParseBool reads it. Throws `invalid`. */
export function truth(name: string, value: string): boolean {
  if (['1', 't', 'true', 'T', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'false', 'F', 'FALSE', 'False'].includes(value)) return false
  throw new GalleyError('invalid', `invalid filter '${name}=${value}'`, { subject: name })
}

/** What the filters of a request let through: all names must hold. Throws `invalid` for one that is unknown, however little there is to filter. */
export function selection<T, Context>(
  tests: Tests<T, Context>,
  wanted: ReadonlyMap<string, readonly string[]>,
  context: Context,
): (thing: T) => boolean {
  const parts = [...wanted].map(([name, values]) => {
    const test = Object.hasOwn(tests, name) ? tests[name] : undefined
    if (test === undefined) throw new GalleyError('invalid', `invalid filter '${name}'`, { subject: name })
    if (truths.has(name)) for (const value of values) truth(name, value)
    return { test, values, every: needsAll.has(name) }
  })
  return (thing) =>
    parts.every(({ test, values, every }) => {
      const holds = (value: string): boolean => test(thing, value, context)
      return values.length === 0 || (every ? values.every(holds) : values.some(holds))
    })
}
