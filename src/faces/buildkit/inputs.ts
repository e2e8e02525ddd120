import { createHash } from 'node:crypto'
import { GalleyError } from '#base/error.ts'
import type { Buildkit } from './buildkit.ts'
import { definition, op } from './messages/ops.ts'
import { decode, encode, type Given, type Message } from './wire/message.ts'

/** How a definition names a result of this daemon. */
const scheme = 'galley-result://'

/** A definition that stands for a result: clients hand it on to builds that start from it. */
export function definitionOf(id: string): Given<typeof definition> {
  const source = encode(op, { source: { identifier: `${scheme}${id}` } })
  const digest = `sha256:${createHash('sha256').update(source).digest('hex')}`
  return { ops: [source, encode(op, { inputs: [{ digest }] })], metadata: new Map([[digest, {}]]) }
}

/** The results that a build starts from, by name. Throws `not implemented` for definitions of another make. */
export function inputsOf(
  { references }: Pick<Buildkit, 'references'>,
  given: ReadonlyMap<string, Message<typeof definition> | undefined>,
): ReadonlyMap<string, () => Promise<string>> {
  return new Map(
    [...given].map(([name, value]) => {
      const identifiers = (value?.ops ?? []).flatMap((bytes) => decode(op, bytes).source?.identifier ?? [])
      const [identifier = ''] = identifiers
      const work = identifiers.length === 1 && identifier.startsWith(scheme) ? references.get(identifier.slice(scheme.length)) : undefined
      if (work === undefined)
        throw new GalleyError('not implemented', `the input ${name}, a low-level definition, is not implemented by Galley`, {
          code: 'buildkit.definition',
          subject: name,
        })
      return [name, () => work.evaluate()] as const
    }),
  )
}
