import { createHash, hash as digestOnce, type Hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { GalleyError } from '#base/error.ts'
import type { TarSink } from '#content/layers/decode.ts'
import type { SparseMap } from '#content/layers/sparse.ts'
import type { TarEntry } from '#content/layers/tar-fields.ts'
import { TreeWriter } from '#content/layers/tree-writer.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { IndexedTree, type IndexedEntry } from './indexed-tree.ts'
import { DiskTree } from './disk-tree.ts'
import { applyIgnoreLines, ignoring, readInTree } from './ignore.ts'
import { resolveInTree, type SourceTree } from './tree.ts'

const mostEntries = 2_000_000
/** Files up to this size wait in memory, all together up to the other. */
const smallFile = 64 << 10
const mostWaiting = 48 << 20

/** What the kernel takes at once. */
const longestPath = 4095
/** A few bytes stand for a file of any size, which is read from its beginning to its end for its digest. */
const mostSparse = 16 * 2 ** 30

/** A member that waits in memory. */
interface Waiting {
  readonly entry: TarEntry
  readonly content: Buffer
}

/** The member that is being read. */
interface Current {
  readonly entry: TarEntry
  readonly path: string
  /** Of a file that goes to the disk at once. */
  readonly hash: Hash | undefined
  readonly parts: Buffer[]
}

const nothing = Buffer.alloc(0)

/**
 * A context while its archive is read, and afterwards. A step that is in the cache only looks at names, modes and digests: making
 * thousands of small files for that, and deleting them again, would cost more than all the rest of a warm build.
 */
export class Arrival implements TarSink {
  readonly #directory: string
  /** Ends what takes its time: files by the million. */
  readonly #signal: AbortSignal | undefined
  readonly #waiting = new Map<string, Waiting>()
  readonly #entries = new Map<string, IndexedEntry>()
  #bytes = 0
  /** Bytes of files with holes. */
  #sparse = 0
  #count = 0
  /** An archive in which one member depends on another (hard links, the same name twice, ways through links) is put down as it comes. */
  #plain = false
  #disk: { readonly root: OpenDirectory; readonly writer: TreeWriter } | undefined
  #current: Current | undefined

  constructor(directory: string, signal?: AbortSignal) {
    this.#directory = directory
    this.#signal = signal
  }

  begin(entry: TarEntry, sparse: SparseMap | undefined): void {
    if (++this.#count > mostEntries) throw new GalleyError('too large', `the build context has more than ${mostEntries} entries`)
    if (entry.type === 'character' || entry.type === 'block') {
      throw new GalleyError('not implemented', `the build context holds a device, which Galley does not take: ${entry.path}`, {
        code: 'context.device',
        subject: entry.path,
      })
    }
    if (entry.path.length > longestPath || entry.target.length > longestPath)
      throw new GalleyError('invalid', `a path in the build context is longer than ${longestPath} bytes`, { code: 'context.path' })
    this.#sparse += sparse?.size ?? 0
    if (this.#sparse > mostSparse)
      throw new GalleyError('too large', `the build context's sparse files are larger than ${mostSparse} bytes`)
    const path = pathOf(entry)
    if (path === undefined || sparse !== undefined || entry.type === 'link' || this.#depends(path, entry)) this.#putDown()
    if (this.#plain) return this.#open().begin(entry, sparse)
    const direct = entry.type === 'file' && (entry.size > smallFile || this.#bytes + entry.size > mostWaiting)
    if (direct) this.#open().begin(entry, sparse)
    this.#current = { entry, path: path ?? '', hash: direct ? createHash('sha256') : undefined, parts: [] }
  }

  data(chunk: Buffer): void {
    const { hash, parts } = this.#current ?? {}
    if (hash === undefined && parts !== undefined) return void parts.push(Buffer.from(chunk))
    hash?.update(chunk)
    this.#open().data(chunk)
  }

  end(): void {
    if (this.#plain) return this.#open().end()
    if (this.#current === undefined) return
    const { entry, path, hash, parts } = this.#current
    this.#current = undefined
    // The root itself is as it is.
    if (path === '') return
    if (hash !== undefined) {
      this.#open().end()
      return this.#add(path, entry, hash.digest('hex'))
    }
    const [first = nothing] = parts
    const content = parts.length > 1 ? Buffer.concat(parts) : first
    this.#waiting.set(path, { entry, content })
    this.#bytes += content.length
    this.#add(path, entry, entry.type === 'file' ? digestOnce('sha256', content) : '')
  }

  /** The content of one file; links are followed inside the context. */
  read(path: string): string | undefined {
    if (this.#plain) return readInTree(this.#directory, path)
    const real = resolveInTree(new IndexedTree(this.#entries, async () => this.#directory), path)
    if (this.#entries.get(real)?.kind !== 'file') return undefined
    return this.#waiting.get(real)?.content.toString('utf8') ?? readInTree(this.#directory, real)
  }

  /** The files without what the ignore file's lines exclude. Call it once, and `read` no more. */
  tree(lines: readonly string[]): SourceTree {
    if (this.#plain) {
      applyIgnoreLines(this.#directory, lines)
      return new DiskTree(this.#directory, { owners: false, digests: new Map() })
    }
    const kept = keptEntries(this.#entries, lines)
    return new IndexedTree(kept, async () => {
      await this.#putDownKept(kept)
      applyIgnoreLines(this.#directory, lines)
      return this.#directory
    })
  }

  async #putDownKept(kept: ReadonlyMap<string, IndexedEntry>): Promise<void> {
    try {
      for (const [path, { entry, content }] of this.#waiting) {
        if (kept.has(path)) this.#write(entry, content)
        // Other builds and clients go on meanwhile.
        if (++this.#count % 256 !== 0) continue
        await setImmediate()
        this.#signal?.throwIfAborted()
      }
      this.finish()
    } finally {
      this.close()
    }
  }

  /** Whether what an entry makes depends on what came before it: a name that came already, a way through a link. */
  #depends(path: string, { type }: TarEntry): boolean {
    const before = this.#entries.get(path)
    if (before !== undefined && (before.kind !== 'directory' || type !== 'directory')) return true
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = this.#entries.get(path.slice(0, at))
      if (parent !== undefined) return parent.kind !== 'directory'
    }
    return false
  }

  #add(path: string, { type, mode, target }: TarEntry, digest: string): void {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1))
      if (!this.#entries.has(path.slice(0, at))) this.#entries.set(path.slice(0, at), { kind: 'directory', mode: 0o755, content: '' })
    const kind = type === 'directory' || type === 'symlink' || type === 'file' ? type : 'special'
    this.#entries.set(path, { kind, mode: kind === 'symlink' ? 0o777 : mode, content: kind === 'symlink' ? toText(target) : digest })
  }

  /** From here on everything goes to the disk as it comes. */
  #putDown(): void {
    if (this.#plain) return
    this.#plain = true
    for (const { entry, content } of this.#waiting.values()) this.#write(entry, content)
    this.#waiting.clear()
  }

  #write(entry: TarEntry, content: Buffer): void {
    const writer = this.#open()
    writer.begin(entry, undefined)
    if (content.length > 0) writer.data(content)
    writer.end()
  }

  #open(): TreeWriter {
    if (this.#disk === undefined) {
      const root = OpenDirectory.at(this.#directory)
      this.#disk = { root, writer: new TreeWriter(root, '', { changesRoot: false, isPrivate: true, owner: { uid: 0, gid: 0 } }) }
    }
    return this.#disk.writer
  }

  /** The archive is whole. */
  finish(): void {
    this.#disk?.writer.finish()
  }

  close(): void {
    this.#disk?.writer.close()
    this.#disk?.root[Symbol.dispose]()
    this.#disk = undefined
  }
}

/** The path as text; undefined for one that an index of names can't hold: with `..` in it, or not in UTF-8. */
function pathOf({ path }: TarEntry): string | undefined {
  const text = toText(path)
  if (text.includes('\uFFFD')) return undefined
  if (!/(^|\/)(\.{0,2}(\/|$))/.test(text)) return text
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  return parts.includes('..') ? undefined : parts.join('/')
}

function toText(bytes: string): string {
  // oxlint-disable-next-line no-control-regex -- all of ASCII is meant
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8')
}

/** What is not ignored, and the directories that lead there. */
function keptEntries(entries: ReadonlyMap<string, IndexedEntry>, lines: readonly string[]): ReadonlyMap<string, IndexedEntry> {
  if (lines.length === 0) return entries
  const ignores = ignoring(lines)
  const kept = new Set<string>()
  for (const path of entries.keys()) {
    if (ignores(path)) continue
    for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1)) kept.add(path.slice(0, at))
  }
  return new Map([...entries].filter(([path]) => kept.has(path)))
}
