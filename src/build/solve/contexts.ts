import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { withRoomTold } from '#host/files/full-disk.ts'
import type { Material } from '../attest/materials.ts'
import { ignoreLines } from '../context/ignore.ts'
import { DiskTree } from '../context/disk-tree.ts'
import type { ContextSource, OpenContext, ReceivedContext } from '../context/source.ts'
import type { SourceTree } from '../context/tree.ts'
import type { OnProgress } from '../progress.ts'
import type { NamedContext } from '../request.ts'
import { Once } from './once.ts'
import { internalVertex, within } from './vertices.ts'
import type { Workspace } from './workspace.ts'

/** The files of a context that is here. */
export interface FileContext {
  readonly tree: SourceTree
  /** The work that brought it. */
  readonly vertex: Digest
}

export interface ContextParts {
  readonly workspace: Workspace
  readonly emit: OnProgress
  readonly signal: AbortSignal
  readonly named: ReadonlyMap<string, NamedContext>
  readonly main: { readonly open: OpenContext; readonly ignore: readonly string[] }
  /** Paths of the main context that may be needed; undefined when any may be. */
  readonly wanted: () => Promise<readonly string[] | undefined>
  /** Told of what came from an address. */
  readonly use: (material: Material | undefined) => void
}

/** The contexts of a build. Each is brought when a step first needs it. */
export class Contexts {
  readonly #parts: ContextParts
  readonly #brought = new Once<FileContext>()

  constructor(parts: ContextParts) {
    this.#parts = parts
  }

  /** The build context, without what its ignore file excludes. */
  main(): Promise<FileContext> {
    return this.#once('', '[internal] load build context', async () => {
      const { main, wanted } = this.#parts
      return main.open.receive({ ignore: main.ignore, paths: await wanted() })
    })
  }

  /** Files that the client calls `name`. */
  files(name: string, source: ContextSource): Promise<FileContext> {
    return this.#once(name, `[context ${name}] load from client`, async () => {
      const { workspace, signal } = this.#parts
      const open = await source.open(() => workspace.fresh(), signal)
      const received = await open.receive({ ignore: ignoreLines((await open.read('.dockerignore')) ?? ''), paths: undefined })
      this.#parts.use(open.material?.())
      return received
    })
  }

  find(name: string): NamedContext | undefined {
    return this.#parts.named.get(name.toLowerCase())
  }

  /** Throws `internal` when there is none. */
  get(name: string): NamedContext {
    const found = this.find(name)
    if (found === undefined) throw new GalleyError('internal', `there is no context ${name}`)
    return found
  }

  #once(name: string, title: string, bring: () => Promise<ReceivedContext>): Promise<FileContext> {
    const vertex = internalVertex(title)
    return this.#brought.once(name, () =>
      within(this.#parts.emit, vertex, async () => ({
        tree: treeOf(await withRoomTold(this.#parts.workspace.parent, bring)),
        vertex: vertex.id,
      })),
    )
  }
}

function treeOf(received: ReceivedContext): SourceTree {
  return 'tree' in received ? received.tree : new DiskTree(received.root, { owners: false, digests: received.digests })
}
