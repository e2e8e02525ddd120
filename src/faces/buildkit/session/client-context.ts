import { posix } from 'node:path'
import { IndexedTree } from '#build/context/indexed-tree.ts'
import type { ContextSource, OpenContext } from '#build/context/source.ts'
import type { Client } from '../client.ts'
import { FirstFiles } from './first-files.ts'
import { ignorePatterns } from './ignore-patterns.ts'
import type { ContextLease, KeptContexts } from './kept-contexts.ts'
import { sync } from './sync.ts'

export interface ClientContextParts {
  readonly client: Client
  readonly kept: KeptContexts
  /** The name that the client gave the directory. */
  readonly directory: string
  /** A file that is read from another directory of the client, with its own ignore file: the Dockerfile. */
  readonly definition?: { readonly directory: string; readonly path: string }
  /** What else tells the directory apart from others of the name, beside the client's own key. */
  readonly sharedKey?: string
  /** Told how many bytes of what have come. */
  readonly onBytes?: (what: 'definition' | 'ignore file' | 'files', count: number, done: boolean) => void
  /** Takes what must be given back when the build is over. */
  readonly leases: DisposableStack
}

/** A directory of the client as a build context: of it comes what is needed and has changed since the last time. */
export class ClientContext implements ContextSource {
  readonly #parts: ClientContextParts

  constructor(parts: ClientContextParts) {
    this.#parts = parts
  }

  open(empty: () => string, signal: AbortSignal): Promise<OpenContext> {
    const { client, kept, directory, definition, sharedKey = client.sharedKey, onBytes = () => undefined, leases } = this.#parts
    const first = new FirstFiles(client, { directory, definition }, signal)
    return Promise.resolve({
      read: async (path) => {
        const content = await first.read(path)
        if (content !== undefined) onBytes(path === definition?.path ? 'definition' : 'ignore file', content.length, true)
        return content?.toString('utf8')
      },
      receive: async ({ ignore, paths }) => {
        if (paths?.length === 0) return { root: empty(), digests: new Map() }
        const lease: ContextLease = leases.use(kept.take(JSON.stringify([directory, sharedKey])))
        const files = client.files({ directory, exclude: ignorePatterns(ignore), follow: pathsToFollow(paths) }, signal)
        try {
          const entries = await sync(files, lease, (count) => onBytes('files', count, false))
          onBytes('files', files.received, true)
          // All that steps ask of a file is known: a build of many that changes nothing looks at none of them.
          const { index, digests } = kept.digested(entries)
          return { tree: new IndexedTree(index, async () => lease.tree, digests) }
        } catch (error) {
          files.cancel()
          throw error
        }
      },
    })
  }
}

/** As clients take them: relative to the root; undefined when that is among them, and so all is wanted. */
function pathsToFollow(paths: readonly string[] | undefined): readonly string[] | undefined {
  const relative = paths?.map((path) =>
    posix
      .join('/', path)
      .replace(/(?<=.)\/$/, '')
      .slice(1),
  )
  return relative === undefined || relative.includes('') ? undefined : [...new Set(relative)]
}
