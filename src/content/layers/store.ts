import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { hexOf, isDigest, type Digest } from '#base/digest.ts'
import { GalleyError, messageOf } from '#base/error.ts'
import { discard, discardForRoom } from '#host/files/discard.ts'
import { spreadSubdirectories } from '#host/files/spread.ts'
import { run } from '#host/process/run.ts'
import { digestLayer } from './adopt.ts'
import { extractLayer, type Extracted } from './extract.ts'
import { packLayer } from './pack.ts'
import { rebuildArchive } from './rebuild.ts'
import { touchedSince } from './touched.ts'

/** Unpacked layers by diff id, each `<directory>/<hex>/files` beside its size and, if its archive is not kept elsewhere, its `recipe`. */
export class LayerStore {
  readonly #directory: string
  /** Layers that came since the last `sync`; what came before the daemon started is taken for unsafe too. */
  #unsafe = true
  /** The last one, which may still be under way. */
  #syncing: Promise<void> = Promise.resolve()

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(`${directory}/arriving`, { recursive: true, mode: 0o700 })
    spreadSubdirectories(`${directory}/arriving`)
    // What a crash cut off.
    for (const name of readdirSync(`${directory}/arriving`)) discard(`${directory}/arriving/${name}`)
  }

  /**
   * Unpacks a layer; one that is here already is kept as it is. Durable only after `sync`, before which nothing lasting may name
   * it: what nothing names is collected after a crash. Throws `invalid` and keeps nothing when it isn't the layer `expected`.
   */
  add(source: AsyncIterable<Uint8Array>, expected?: Digest): Promise<Extracted> {
    return this.#bring(source, { expected, keepsArchive: false })
  }

  /** As `add`, for a plain archive that is kept nowhere else: `pack` gives it again to the byte. */
  addArchive(source: AsyncIterable<Uint8Array>, expected?: Digest): Promise<Extracted> {
    return this.#bring(source, { expected, keepsArchive: true })
  }

  async #bring(source: AsyncIterable<Uint8Array>, { expected, keepsArchive }: Bringing): Promise<Extracted> {
    const arriving = `${this.#directory}/arriving/${randomUUID()}`
    try {
      mkdirSync(`${arriving}/files`, { recursive: true, mode: 0o755 })
      const layer = await extractLayer(source, `${arriving}/files`, { recipeIn: keepsArchive ? arriving : undefined })
      if (expected !== undefined && layer.diffId !== expected) throw mismatch(layer.diffId, expected)
      if (this.has(layer.diffId)) {
        if (keepsArchive) this.#addRecipe(layer.diffId, arriving)
        return layer
      }
      writeFileSync(`${arriving}/size`, String(layer.size))
      renameSync(arriving, this.#home(layer.diffId))
      this.#unsafe = true
      return layer
    } finally {
      if (existsSync(arriving)) discard(arriving)
    }
  }

  /** A layer that came compressed, or was made here, has none; its files are the same. */
  #addRecipe(diffId: Digest, arriving: string): void {
    if (this.#hasRecipe(diffId)) return
    renameSync(`${arriving}/recipe`, `${this.#home(diffId)}/recipe`)
    this.#unsafe = true
  }

  /**
   * Makes an overlay's upper directory, no longer mounted and on the same file system, a layer by moving it here: it is read
   * once for its digest, and neither packed nor unpacked. Durable only after `sync`, which one call does for many layers.
   * Throws the signal's reason when that is aborted while it is read: a command makes a file of terabytes, all holes, in no time.
   */
  async adopt(upper: string, signal?: AbortSignal): Promise<{ diffId: Digest; size: number }> {
    const begun = new Date()
    const layer = await digestLayer(upper, signal)
    if (this.has(layer.diffId)) {
      discard(upper)
      return layer
    }
    const arriving = `${this.#directory}/arriving/${randomUUID()}`
    try {
      mkdirSync(arriving, { mode: 0o755 })
      writeFileSync(`${arriving}/size`, String(layer.size))
      // Whatever changes from the first look on is told by this time.
      utimesSync(`${arriving}/size`, begun, begun)
      renameSync(upper, `${arriving}/files`)
      renameSync(arriving, this.#home(layer.diffId))
    } catch (error) {
      discard(arriving)
      throw error
    }
    this.#unsafe = true
    return layer
  }

  /**
   * All layers are on disk when it resolves. By a program, as the system call would hold the daemon up for as long as the disk
   * is busy.
   */
  sync(): Promise<void> {
    if (this.#unsafe) {
      this.#unsafe = false
      this.#syncing = this.#syncAll()
    }
    return this.#syncing
  }

  async #syncAll(): Promise<void> {
    try {
      const { code, stderr } = await run('sync', ['-f', this.#directory])
      if (code !== 0) throw new GalleyError('unavailable', `sync ${this.#directory}: ${stderr.trim()}`, { code: 'disk.sync' })
    } catch (error) {
      // Nor could the program be started: the next one who asks tries again.
      this.#unsafe = true
      throw error
    }
  }

  /**
   * The archive of a layer that was added with its archive, or made here. Other work is let in between. Throws `internal` at the end
   * when it isn't to the byte what the layer was named after, as the files were changed by others; what is known of that is in the message.
   */
  async *pack(diffId: Digest): AsyncGenerator<Buffer> {
    const hash = createHash('sha256')
    try {
      for await (const chunk of this.#archive(diffId)) {
        hash.update(chunk)
        yield chunk
        await setImmediate()
      }
    } catch (cause) {
      throw damaged(diffId, messageOf(cause), cause)
    }
    const found = `sha256:${hash.digest('hex')}`
    if (found !== diffId) throw damaged(diffId, await this.#whatIsWrong(diffId, found))
  }

  #archive(diffId: Digest): AsyncIterable<Buffer> | Iterable<Buffer> {
    return this.#hasRecipe(diffId) ? rebuildArchive(this.#home(diffId)) : packLayer(this.path(diffId))
  }

  /** Of a layer whose files gave an archive of another digest: it is read once more, as only that tells wrong files from wrong reading. */
  async #whatIsWrong(diffId: Digest, found: string): Promise<string> {
    try {
      const hash = createHash('sha256')
      for await (const chunk of this.#archive(diffId)) {
        hash.update(chunk)
        await setImmediate()
      }
      const again = `sha256:${hash.digest('hex')}`
      const reading = again === diffId ? 'the right one when read again' : again === found ? 'the same when read again' : `then ${again}`
      return `they give ${found}, ${reading}; ${touchedSince(this.#home(diffId))}`
    } catch (error) {
      return `they give ${found}; ${messageOf(error)}`
    }
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

  /** Takes it out of sight at once; the files go in the background, but where room is short. */
  async remove(diffId: Digest): Promise<void> {
    if (!this.has(diffId)) return
    const leaving = `${this.#directory}/arriving/${randomUUID()}`
    renameSync(this.#home(diffId), leaving)
    await discardForRoom(leaving)
  }

  #hasRecipe(diffId: Digest): boolean {
    return existsSync(`${this.#home(diffId)}/recipe`)
  }

  #home(diffId: Digest): string {
    return `${this.#directory}/${hexOf(diffId)}`
  }
}

interface Bringing {
  readonly expected: Digest | undefined
  readonly keepsArchive: boolean
}

function damaged(diffId: Digest, why: string, cause?: unknown): GalleyError {
  return new GalleyError('internal', `layer ${diffId} is damaged: its files no longer give the archive that it came in (${why})`, {
    code: 'layer.damaged',
    subject: diffId,
    advice: 'remove the image and load, pull or build it again',
    cause,
  })
}

function mismatch(found: Digest, expected: Digest): GalleyError {
  return new GalleyError('invalid', `a layer unpacks to ${found}, but the image names ${expected}`, { code: 'layer.mismatch' })
}
