import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hexOf, isDigest, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { discard } from '#host/files/discard.ts'
import { syncDirectory } from '#content/blobs/sync-directory.ts'
import { syncFileSystem } from '#host/files/special.ts'
import { run } from '#host/process/run.ts'
import { digestLayer } from './adopt.ts'
import { extractLayer } from './extract.ts'
import { packLayer } from './pack.ts'

/** Unpacked layers by diff id, each `<directory>/<hex>/files` beside its size. */
export class LayerStore {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(`${directory}/arriving`, { recursive: true, mode: 0o700 })
    // What a crash cut off.
    for (const name of readdirSync(`${directory}/arriving`)) discard(`${directory}/arriving/${name}`)
  }

  /**
   * Unpacks a layer; one that is here already is kept as it is. Durable when it resolves. Throws `invalid` and keeps nothing when it isn't
   * the layer `expected`.
   */
  async add(source: AsyncIterable<Uint8Array>, expected?: Digest): Promise<{ diffId: Digest; size: number }> {
    const arriving = `${this.#directory}/arriving/${randomUUID()}`
    try {
      mkdirSync(`${arriving}/files`, { recursive: true, mode: 0o755 })
      const layer = await extractLayer(source, `${arriving}/files`)
      if (expected !== undefined && layer.diffId !== expected) throw mismatch(layer.diffId, expected)
      if (this.has(layer.diffId)) return layer
      writeFileSync(`${arriving}/size`, String(layer.size))
      await syncTree(arriving)
      // Another may have brought the same layer meanwhile.
      if (this.has(layer.diffId)) return layer
      renameSync(arriving, this.#home(layer.diffId))
      await syncDirectory(this.#directory)
      return layer
    } finally {
      if (existsSync(arriving)) discard(arriving)
    }
  }

  /**
   * Makes an overlay's upper directory, no longer mounted and on the same file system, a layer by moving it here: it is read
   * once for its digest, and neither packed nor unpacked. Durable only after `sync`, which one call does for many layers.
   */
  async adopt(upper: string): Promise<{ diffId: Digest; size: number }> {
    const layer = await digestLayer(upper)
    if (this.has(layer.diffId)) {
      discard(upper)
      return layer
    }
    const arriving = `${this.#directory}/arriving/${randomUUID()}`
    mkdirSync(arriving, { mode: 0o755 })
    renameSync(upper, `${arriving}/files`)
    writeFileSync(`${arriving}/size`, String(layer.size))
    renameSync(arriving, this.#home(layer.diffId))
    return layer
  }

  sync(): void {
    sync(this.#directory)
  }

  /** The archive of a layer that came without one. */
  pack(diffId: Digest): AsyncIterable<Uint8Array> {
    return packLayer(this.path(diffId))
  }

  list(): Digest[] {
    return readdirSync(this.#directory)
      .map((name) => `sha256:${name}`)
      .filter(isDigest)
  }

  /** Removes what a crash cut off while it came or went; the files go in the background. Call it before anything is added. */
  clean(): void {
    for (const name of readdirSync(`${this.#directory}/arriving`)) discard(`${this.#directory}/arriving/${name}`)
  }

  /** A lower directory for overlayfs. */
  path(diffId: Digest): string {
    return `${this.#home(diffId)}/files`
  }

  has(diffId: Digest): boolean {
    return existsSync(this.#home(diffId))
  }

  /** Bytes of its files. */
  size(diffId: Digest): number {
    return Number(readFileSync(`${this.#home(diffId)}/size`, 'utf8'))
  }

  /** Takes it out of sight at once; the files go in the background. */
  remove(diffId: Digest): void {
    if (!this.has(diffId)) return
    const leaving = `${this.#directory}/arriving/${randomUUID()}`
    renameSync(this.#home(diffId), leaving)
    discard(leaving)
  }

  #home(diffId: Digest): string {
    return `${this.#directory}/${hexOf(diffId)}`
  }
}

function mismatch(found: Digest, expected: Digest): GalleyError {
  return new GalleyError('invalid', `a layer unpacks to ${found}, but the image names ${expected}`, { code: 'layer.mismatch' })
}

/** By a program, as the call would hold the daemon up for as long as the disk is busy. */
async function syncTree(path: string): Promise<void> {
  const { code, stderr } = await run('sync', ['-f', path])
  if (code !== 0) throw new GalleyError('unavailable', `sync ${path}: ${stderr.trim()}`, { code: 'disk.sync', subject: path })
}

function sync(path: string): void {
  const fd = openSync(path, 'r')
  try {
    syncFileSystem(fd)
  } finally {
    closeSync(fd)
  }
}
