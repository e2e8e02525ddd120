import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
  constants,
} from 'node:fs'
import { PassThrough, Readable, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { resolveInRoot } from '#host/files/resolve.ts'
import { makeNode, setAttribute } from '#host/files/special.ts'
import { TarReader, type TarEntry } from './tar.ts'

export interface Limits {
  readonly entries: number
  /** Bytes of the unpacked archive. */
  readonly bytes: number
}

const generous: Limits = { entries: 2_000_000, bytes: 256 * 2 ** 30 }
const chunkSize = 1 << 20

/**
 * Unpacks a layer (OCI image-spec, layer.md; plain, gzip or zstd) into `directory` in overlayfs's own form: whiteouts as
 * 0:0 devices, opaque directories as an attribute. Nothing is ever written outside `directory`. Resolves with the digest
 * of the plain archive and the bytes of its files. Throws `invalid`, `too large`.
 */
export async function extractLayer(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  limits: Limits = generous,
): Promise<{ diffId: Digest; size: number }> {
  const hash = createHash('sha256')
  const layer = new LayerDirectory(directory)
  const plain = await decompressed(source)
  const reader = new TarReader(counted(plain, limits.bytes, (chunk) => hash.update(chunk)))
  let count = 0
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    if (++count > limits.entries)
      throw new GalleyError('too large', `the layer has more than ${limits.entries} entries`, { code: 'layer.entries' })
    await layer.add(entry, reader)
  }
  await reader.drain()
  layer.finish()
  return { diffId: `sha256:${hash.digest('hex')}`, size: layer.size }
}

async function* counted(source: AsyncIterable<Uint8Array>, most: number, each: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  let total = 0
  for await (const chunk of source) {
    total += chunk.length
    if (total > most) throw new GalleyError('too large', `the layer unpacks to more than ${most} bytes`, { code: 'layer.bytes' })
    each(chunk)
    yield chunk
  }
}

/** Undoes gzip or zstd, told by the first bytes. */
async function decompressed(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = source[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (head.length < 4) {
    const { done, value } = await iterator.next()
    if (done === true) break
    head = Buffer.concat([head, value])
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) yield step.value
  }
  const decoder = decoderFor(head)
  if (decoder === undefined) return whole()
  const output = new PassThrough({ highWaterMark: chunkSize })
  pipeline(Readable.from(whole()), decoder, output).catch((error: Error) => output.destroy(error))
  return output
}

function decoderFor(head: Buffer): Duplex | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return createGunzip({ chunkSize: 256 << 10 })
  return head.readUInt32BE(0) === 0x28b52ffd ? createZstdDecompress({ chunkSize: 256 << 10 }) : undefined
}

const whiteout = '.wh.'

/** The directory that a layer's entries go into. */
class LayerDirectory {
  readonly #root: string
  readonly #parents = new Map<string, string>()
  readonly #directories: { readonly path: string; readonly mtime: number }[] = []
  size = 0

  constructor(root: string) {
    this.#root = root
  }

  async add(entry: TarEntry, reader: TarReader): Promise<void> {
    const parts = entry.path.split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..')) throw escape(entry.path)
    const name = parts.pop()
    if (name === undefined) {
      if (entry.type === 'directory') this.#attributes(this.#root, entry)
      return
    }
    const parent = this.#parent(parts.join('/'))
    if (name.startsWith(whiteout)) {
      this.#whiteout(parent, name, entry.path)
      return
    }
    await this.#put(entry, `${parent}/${name}`, reader)
  }

  /** Directories' times come last, as everything put into one changes them. */
  finish(): void {
    for (const { path, mtime } of this.#directories.toReversed())
      if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) utimesSync(path, mtime, mtime)
  }

  #whiteout(parent: string, name: string, path: string): void {
    if (name === '.wh..wh..opq') {
      setAttribute(parent, 'trusted.overlay.opaque', Buffer.from('y'))
      return
    }
    // Other names of this form are aufs's own bookkeeping.
    if (name.startsWith('.wh..wh.')) return
    const hidden = name.slice(whiteout.length)
    if (hidden === '' || hidden === '.' || hidden === '..') throw escape(path)
    this.#clear(`${parent}/${hidden}`)
    makeNode(`${parent}/${hidden}`, 'character')
  }

  async #put(entry: TarEntry, path: string, reader: TarReader): Promise<void> {
    const there = lstatSync(path, { throwIfNoEntry: false })
    if (there !== undefined && !(entry.type === 'directory' && there.isDirectory())) this.#clear(path)
    switch (entry.type) {
      case 'directory':
        if (there?.isDirectory() !== true) mkdirSync(path)
        break
      case 'file':
        await this.#file(path, reader)
        break
      case 'link':
        linkSync(this.#inside(entry.target), path)
        return
      case 'symlink':
        symlinkSync(entry.target, path)
        this.#parents.clear()
        break
      case 'fifo':
        makeNode(path, 'fifo')
        break
      case 'character':
      case 'block':
        makeNode(path, entry.type, entry.major, entry.minor)
        break
    }
    this.#attributes(path, entry)
  }

  async #file(path: string, reader: TarReader): Promise<void> {
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
    try {
      for await (const chunk of reader.body()) {
        for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at)
        this.size += chunk.length
      }
    } finally {
      closeSync(fd)
    }
  }

  /** Owner before mode, as chown clears the setuid bits; capabilities after owner for the same reason. */
  #attributes(path: string, entry: TarEntry): void {
    lchownSync(path, entry.uid, entry.gid)
    if (entry.type !== 'symlink') chmodSync(path, entry.mode)
    for (const [name, value] of entry.xattrs) if (!name.startsWith('trusted.overlay.')) setAttribute(path, name, value)
    if (entry.type === 'directory') this.#directories.push({ path, mtime: entry.mtime })
    else lutimesSync(path, entry.mtime, entry.mtime)
  }

  /** The real directory for a parent's path: links are followed as if the layer were the file system's root. */
  #parent(path: string): string {
    const known = this.#parents.get(path)
    if (known !== undefined) return known
    const real = resolveInRoot(this.#root, path)
    const stat = lstatSync(real, { throwIfNoEntry: false })
    if (stat === undefined) mkdirSync(real, { recursive: true, mode: 0o755 })
    else if (!stat.isDirectory()) {
      this.#clear(real)
      mkdirSync(real, { mode: 0o755 })
    }
    this.#parents.set(path, real)
    return real
  }

  /** A hard link's target: its last part is taken as it is, never followed. */
  #inside(target: string): string {
    const parts = target.split('/').filter((part) => part !== '' && part !== '.')
    const name = parts.pop()
    if (name === undefined || name === '..' || parts.includes('..')) throw escape(target)
    return `${resolveInRoot(this.#root, parts.join('/'))}/${name}`
  }

  #clear(path: string): void {
    rmSync(path, { recursive: true, force: true })
    this.#parents.clear()
  }
}

function escape(path: string): GalleyError {
  return new GalleyError('invalid', `the layer names a path outside of it: ${path}`, { code: 'layer.escape', subject: path })
}
