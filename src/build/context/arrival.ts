import { createHash, hash as digestOnce, type Hash } from 'node:crypto'
import { GalleyError } from '#base/error.ts'
import type { TarSink } from '#content/layers/decode.ts'
import type { SparseMap } from '#content/layers/sparse.ts'
import type { TarEntry } from '#content/layers/tar-fields.ts'
import { ArrivedTree } from './arrived-tree.ts'
import { DiskTree } from './disk-tree.ts'
import { EntryTable, mostEntries } from './entry-table.ts'
import { applyIgnoreLines, ignoring, readInTree } from './ignore.ts'
import { ContextWriter, PutDown } from './put-down.ts'
import { resolveInTree, type SourceTree } from './tree.ts'

/** Files up to this size wait in memory, all together up to the other. */
const smallFile = 64 << 10
const mostWaiting = 48 << 20

/** What the kernel takes at once. */
const longestPath = 4095
/** A few bytes stand for a file of any size, which is read from its beginning to its end for its digest. */
const mostSparse = 16 * 2 ** 30

/** The member that is being read. */
interface Current {
  readonly entry: TarEntry
  readonly path: string
  /** Of a file that goes to the disk at once. */
  readonly hash: Hash | undefined
  /** Where a file's content waits, and how much of it has come. */
  readonly waiting: { readonly start: number; readonly bytes: Buffer } | undefined
  filled: number
}

/**
 * A context while its archive is read, and afterwards. A step that is in the cache only looks at names, modes and digests: making
 * thousands of small files for that, and deleting them again, would cost more than all the rest of a warm build.
 */
export class Arrival implements TarSink {
  readonly #directory: string
  /** Ends what takes its time: files by the million. */
  readonly #signal: AbortSignal | undefined
  readonly #table = new EntryTable()
  readonly #disk: ContextWriter
  /** Bytes that wait in memory. */
  #bytes = 0
  /** Bytes of files with holes. */
  #sparse = 0
  #count = 0
  /** An archive in which one member depends on another (hard links, the same name twice, ways through links) is put down as it comes. */
  #plain = false
  #current: Current | undefined

  constructor(directory: string, signal?: AbortSignal) {
    this.#directory = directory
    this.#signal = signal
    this.#disk = new ContextWriter(directory)
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
    if (this.#plain) return this.#disk.begin(entry, sparse)
    const direct = entry.type === 'file' && (entry.size > smallFile || this.#bytes + entry.size > mostWaiting)
    if (direct) this.#disk.begin(entry, sparse)
    const waiting = entry.type === 'file' && !direct && entry.size > 0 ? this.#table.reserve(entry.size) : undefined
    this.#current = { entry, path: path ?? '', hash: direct ? createHash('sha256') : undefined, waiting, filled: 0 }
  }

  data(chunk: Buffer): void {
    const current = this.#current
    if (current?.waiting !== undefined) {
      current.filled += chunk.copy(current.waiting.bytes, current.filled)
      return
    }
    current?.hash?.update(chunk)
    this.#disk.data(chunk)
  }

  end(): void {
    if (this.#plain) return this.#disk.end()
    if (this.#current === undefined) return
    const { entry, path, hash, waiting } = this.#current
    this.#current = undefined
    // The root itself is as it is.
    if (path === '') return
    if (hash !== undefined) this.#disk.end()
    const id = this.#add(path, entry)
    if (hash !== undefined) {
      this.#table.setDigest(id, hash.digest())
      this.#table.setElsewhere(id)
    } else if (entry.type === 'file') {
      this.#table.setDigest(id, waiting === undefined ? emptyDigest : digestOnce('sha256', waiting.bytes, 'buffer'))
      if (waiting !== undefined) this.#table.setContent(id, waiting.start, entry.size)
      this.#bytes += entry.size
    }
  }

  /** The content of one file; links are followed inside the context. */
  read(path: string): string | undefined {
    if (this.#plain) return readInTree(this.#directory, path)
    const real = resolveInTree(new ArrivedTree(this.#table, all, async () => this.#directory), path)
    const id = this.#table.find(real)
    if (id === undefined || this.#table.kind(id) !== 'file') return undefined
    return this.#table.content(id)?.toString('utf8') ?? readInTree(this.#directory, real)
  }

  /** The files without what the ignore file's lines exclude. Call it once, and `read` no more. */
  tree(lines: readonly string[]): SourceTree {
    if (this.#plain) {
      applyIgnoreLines(this.#directory, lines)
      return new DiskTree(this.#directory, { owners: false, digests: new Map() })
    }
    const isKept = keptEntries(this.#table, lines)
    const putDown = new PutDown(this.#disk, this.#table, { isKept, lines, signal: this.#signal })
    return new ArrivedTree(this.#table, isKept, (paths) => putDown.bring(paths))
  }

  /** Whether what an entry makes depends on what came before it: a name that came already, a way through a link. */
  #depends(path: string, { type }: TarEntry): boolean {
    const before = this.#table.find(path)
    if (before !== undefined && (this.#table.kind(before) !== 'directory' || type !== 'directory')) return true
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = this.#table.find(path.slice(0, at))
      if (parent !== undefined) return this.#table.kind(parent) !== 'directory'
    }
    return false
  }

  #add(path: string, { type, mode, target, mtime, xattrs }: TarEntry): number {
    const kind = type === 'directory' || type === 'symlink' || type === 'file' ? type : 'special'
    const id = this.#table.add(path, { kind, mode, mtime, xattrs })
    if (kind === 'symlink') this.#table.setTarget(id, toText(target))
    return id
  }

  /** From here on everything goes to the disk as it comes. */
  #putDown(): void {
    if (this.#plain) return
    this.#plain = true
    for (const [path, id] of this.#table.below('', 0)) this.#disk.write(this.#table, path, id)
  }

  /** The archive is whole. */
  finish(): void {
    this.#disk.finish()
  }

  close(): void {
    this.#disk.close()
  }
}

const all = (): boolean => true
const emptyDigest = createHash('sha256').digest()

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

/** Tells of an entry whether it is not ignored, or a directory that leads to one. */
function keptEntries(table: EntryTable, lines: readonly string[]): (id: number) => boolean {
  if (lines.length === 0) return all
  const ignores = ignoring(lines)
  const kept = new Uint8Array(table.count)
  const way: { readonly depth: number; readonly id: number }[] = []
  kept[0] = 1
  for (const [path, id] of table.below('', 0)) {
    const depth = path === '' ? 0 : path.split('/').length
    while ((way.at(-1)?.depth ?? -1) >= depth) way.pop()
    way.push({ depth, id })
    if (path !== '' && !ignores(path)) for (const one of way) kept[one.id] = 1
  }
  return (id) => kept[id] === 1
}
