import { GalleyError } from '#base/error.ts'
import type { ContextSource } from '#build/context/source.ts'
import { BuildWork } from './build-work.ts'
import type { Buildkit } from './buildkit.ts'
import { resultIn, sourceIn } from './definitions.ts'
import type { Job } from './job.ts'
import type { definition } from './messages/ops.ts'
import { SourceFiles } from './source-files.ts'
import type { Message } from './wire/message.ts'

/** What a build starts from that its client names. */
export type Input =
  /** The result of another build: `evaluate` gives its image's id. */
  | { readonly kind: 'result'; readonly evaluate: () => Promise<string> }
  /** Files. */
  | { readonly kind: 'files'; readonly context: ContextSource }

/** Reads definitions by name. Throws `not implemented`, and `not found` for results that are gone. */
export function inputsOf(
  { builder, references }: Pick<Buildkit, 'builder' | 'references'>,
  { client, progress, signal }: Job,
  given: ReadonlyMap<string, Message<typeof definition> | undefined>,
): ReadonlyMap<string, Input> {
  return new Map(
    [...given].map(([name, value]): [string, Input] => {
      const source = sourceIn(value)
      const id = resultIn(source)
      if (id === undefined)
        return [name, { kind: 'files', context: new SourceFiles({ builder, client, progress, signal, source }).context() }]
      const work = references.get(id)
      if (!(work instanceof BuildWork)) throw new GalleyError('not found', `the input ${name} is gone`, { subject: name })
      return [name, { kind: 'result', evaluate: () => work.evaluate() }]
    }),
  )
}
