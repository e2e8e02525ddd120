import { createHash } from 'node:crypto'
import { GalleyError } from '#base/error.ts'
import { definition, op } from './messages/ops.ts'
import { decode, encode, type Given, type Message } from './wire/message.ts'

/** How a definition names a result of this daemon. */
const resultScheme = 'galley-result://'

/** Files that a low-level definition stands for, as far as such definitions are understood: what buildx sends of its own accord. */
export interface DefinedSource {
  /** `https://…`, `git://…`, `local://…`, or a result's own. */
  readonly identifier: string
  readonly attributes: ReadonlyMap<string, string>
  /** An archive, of which the content is meant. */
  readonly unpacked: boolean
  /** Directory of which the content is meant; empty for all. */
  readonly directory: string
}

/** A definition that stands for a result: clients hand it on to builds that start from it. */
export function definitionOfResult(id: string): Given<typeof definition> {
  const source = encode(op, { source: { identifier: `${resultScheme}${id}` } })
  const digest = digestOf(source)
  return { ops: [source, encode(op, { inputs: [{ digest }] })], metadata: new Map([[digest, {}]]) }
}

/** The id of the result that a source stands for; undefined for any other source. */
export function resultIn({ identifier }: DefinedSource): string | undefined {
  return identifier.startsWith(resultScheme) ? identifier.slice(resultScheme.length) : undefined
}

/**
 * Reads a definition. Throws `not implemented` for one that is more than a source, of which a directory may be taken, or an
 * archive that is unpacked.
 */
export function sourceIn(given: Message<typeof definition> | undefined): DefinedSource {
  const ops = new Map((given?.ops ?? []).map((bytes) => [digestOf(bytes), decode(op, bytes)]))
  const [last] = [...ops.values()].slice(-1)
  const top = ops.get(last?.inputs[0]?.digest ?? '')
  const copies = top?.file?.actions.map((action) => action?.copy) ?? []
  const [copy] = copies
  const taken = copies.length === 1 && copy?.destination === '/' && (copy.unpacks || copy.contentOnly)
  const source = taken ? ops.get(top?.inputs.at(-1)?.digest ?? '')?.source : top?.source
  if (source === undefined)
    throw new GalleyError('not implemented', 'low-level definitions of more than a source are not implemented by Galley', {
      code: 'buildkit.definition',
    })
  const { identifier, attributes } = source
  const unpacked = taken && copy.unpacks
  return { identifier, attributes, unpacked, directory: taken && !unpacked ? copy.source.replace(/^\/+|\/+$/g, '') : '' }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
