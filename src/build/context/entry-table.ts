import { GalleyError } from '#base/error.ts'
import type { TreeEntry } from './tree.ts'

export const mostEntries = 2_000_000
const digestSize = 32
const chunkSize = 1 << 20
/** In place of a length: the file is on the disk. */
const elsewhere = 0xffff_ffff

type Kind = TreeEntry['kind']
const kinds: readonly Kind[] = ['directory', 'file', 'symlink', 'special']

/** A member of an archive, as it is kept. */
export interface Attributes {
  readonly kind: Kind
  /** Permissions. */
  readonly mode: number
  /** Seconds since the epoch. */
  readonly mtime: number
  readonly xattrs: ReadonlyMap<string, Buffer>
}

/**
 * A context's files by their names, with what is known of each in columns, and the content of small ones behind each other: an object, a
 * path and a buffer for each of a million files would take a gigabyte. An entry is a number; 0 is the root.
 */
export class EntryTable {
  #count = 1
  #capacity = 64
  #kinds = new Uint8Array(this.#capacity)
  #modes = new Uint16Array(this.#capacity).fill(0o755, 0, 1)
  /** NaN for a directory that no member of the archive stands for. */
  #mtimes = new Float64Array(this.#capacity).fill(Number.NaN, 0, 1)
  #digests = Buffer.alloc(this.#capacity * digestSize)
  #starts = new Uint32Array(this.#capacity)
  #lengths = new Uint32Array(this.#capacity)
  readonly #children = new Map<number, Map<string, number>>([[0, new Map()]])
  readonly #targets = new Map<number, string>()
  readonly #xattrs = new Map<number, ReadonlyMap<string, Buffer>>()
  readonly #chunks: Buffer[] = []
  #end = chunkSize
  /** Entries come, and are asked for, a directory at a time. */
  #last = { path: '', id: 0 }

  get count(): number {
    return this.#count
  }

  /** undefined when there is none. `path` is relative, without `.`, `..` and empty parts. */
  find(path: string): number | undefined {
    if (path === '') return 0
    const slash = path.lastIndexOf('/')
    const parent = slash < 0 ? 0 : this.#directory(path.slice(0, slash))
    return parent === undefined ? undefined : this.#children.get(parent)?.get(path.slice(slash + 1))
  }

  /** Makes an entry, or changes one, with the directories that lead there. Throws `too large`. */
  add(path: string, { kind, mode, mtime, xattrs }: Attributes): number {
    const slash = path.lastIndexOf('/')
    const parent = slash < 0 ? 0 : this.#madeDirectory(path.slice(0, slash))
    const id = this.#child(parent, path.slice(slash + 1), kind)
    this.#modes[id] = mode
    this.#mtimes[id] = mtime
    if (xattrs.size > 0) this.#xattrs.set(id, xattrs)
    return id
  }

  kind(id: number): Kind {
    return kinds[this.#kinds[id] ?? 0] ?? 'special'
  }

  mode(id: number): number {
    return this.#modes[id] ?? 0
  }

  mtime(id: number): number {
    return this.#mtimes[id] ?? 0
  }

  xattrs(id: number): ReadonlyMap<string, Buffer> {
    return this.#xattrs.get(id) ?? none
  }

  target(id: number): string {
    return this.#targets.get(id) ?? ''
  }

  setTarget(id: number, target: string): void {
    this.#targets.set(id, target)
  }

  /** sha256 of a file's content. */
  digest(id: number): string {
    return this.#digests.toString('hex', id * digestSize, (id + 1) * digestSize)
  }

  setDigest(id: number, digest: Buffer): void {
    digest.copy(this.#digests, id * digestSize)
  }

  /** Room for the content of a file that comes next, behind the others. */
  reserve(length: number): { readonly start: number; readonly bytes: Buffer } {
    if (this.#end + length > chunkSize) {
      this.#chunks.push(Buffer.allocUnsafeSlow(chunkSize))
      this.#end = 0
    }
    const start = (this.#chunks.length - 1) * chunkSize + this.#end
    this.#end += length
    return { start, bytes: this.#bytes(start, length) }
  }

  setContent(id: number, start: number, length: number): void {
    this.#starts[id] = start
    this.#lengths[id] = length
  }

  setElsewhere(id: number): void {
    this.#lengths[id] = elsewhere
  }

  /** What a small file holds; undefined when it is on the disk. */
  content(id: number): Buffer | undefined {
    const [start = 0, length = 0] = [this.#starts[id], this.#lengths[id]]
    if (length === elsewhere) return undefined
    return length === 0 ? nothing : this.#bytes(start, length)
  }

  /** What is in a directory, in the order in which it came. */
  children(id: number): ReadonlyMap<string, number> {
    return this.#children.get(id) ?? empty
  }

  /** An entry and all below it, with their paths; a directory before what is in it. Where `enters` says no, nothing below is looked at. */
  *below(path: string, id: number, enters: (id: number) => boolean = () => true): Generator<readonly [path: string, id: number]> {
    if (!enters(id)) return
    yield [path, id]
    const open = [{ path, left: this.children(id).entries() }]
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const next = last.left.next()
      if (next.done === true) {
        open.pop()
        continue
      }
      const [name, child] = next.value
      if (!enters(child)) continue
      const at = last.path === '' ? name : `${last.path}/${name}`
      yield [at, child]
      if (this.#children.has(child)) open.push({ path: at, left: this.children(child).entries() })
    }
  }

  #directory(path: string): number | undefined {
    if (path === this.#last.path) return this.#last.id
    let id: number | undefined = 0
    for (const part of path.split('/')) {
      id = this.#children.get(id)?.get(part)
      if (id === undefined) return undefined
    }
    this.#last = { path, id }
    return id
  }

  #madeDirectory(path: string): number {
    const known = this.#directory(path)
    if (known !== undefined) return known
    let id = 0
    for (const part of path.split('/')) id = this.#children.get(id)?.get(part) ?? this.#implied(id, part)
    return id
  }

  #implied(parent: number, name: string): number {
    const id = this.#child(parent, name, 'directory')
    this.#modes[id] = 0o755
    this.#mtimes[id] = Number.NaN
    return id
  }

  #child(parent: number, name: string, kind: Kind): number {
    const siblings = this.#children.get(parent)
    const known = siblings?.get(name)
    if (known !== undefined) return known
    if (this.#count > mostEntries) throw new GalleyError('too large', `the build context has more than ${mostEntries} entries`)
    const id = this.#count++
    if (id >= this.#capacity) this.#grow()
    this.#kinds[id] = kinds.indexOf(kind)
    siblings?.set(name, id)
    if (kind === 'directory') this.#children.set(id, new Map())
    return id
  }

  #grow(): void {
    this.#capacity *= 2
    this.#kinds = grown(this.#kinds, new Uint8Array(this.#capacity))
    this.#modes = grown(this.#modes, new Uint16Array(this.#capacity))
    this.#mtimes = grown(this.#mtimes, new Float64Array(this.#capacity))
    this.#starts = grown(this.#starts, new Uint32Array(this.#capacity))
    this.#lengths = grown(this.#lengths, new Uint32Array(this.#capacity))
    const digests = Buffer.alloc(this.#capacity * digestSize)
    this.#digests.copy(digests)
    this.#digests = digests
  }

  #bytes(start: number, length: number): Buffer {
    const at = start % chunkSize
    return this.#chunks[Math.floor(start / chunkSize)]?.subarray(at, at + length) ?? nothing
  }
}

const nothing = Buffer.alloc(0)
const none: ReadonlyMap<string, Buffer> = new Map()
const empty: ReadonlyMap<string, number> = new Map()

function grown<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}
