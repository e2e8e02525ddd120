import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { GalleyError, isDiskFull } from '#base/error.ts'
import { Turns } from '#base/turns.ts'
import { UploadFile, type HashName } from '#content/blobs/upload-file.ts'

/** How long an upload waits for its next bytes (milliseconds): a week. */
const lifetime = 7 * 24 * 3_600_000
const idPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** One blob that is being sent to a repository. Requests about it take turns. */
export interface Upload {
  readonly id: string
  readonly repository: string
  readonly file: UploadFile
  /**
   * Runs `task` alone. A request that is still sending is cut off with `interrupt` when another one comes: its client has given it
   * up, and only the connection doesn't know. Throws `not found` when the upload was over before its turn came.
   */
  turn<T>(task: () => Promise<T>, interrupt?: () => void): Promise<T>
}

/** Blobs that are being sent; each is a file that outlives the daemon, named after its repository, so that no other one finds it. */
export class Uploads {
  readonly #directory: string
  readonly #open = new Map<string, Upload>()

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** Digests by `algorithm` will be asked for, beside sha256, under which everything is kept. */
  async begin(repository: string, algorithm: HashName): Promise<Upload> {
    const id = randomUUID()
    const algorithms: readonly HashName[] = algorithm === 'sha256' ? ['sha256'] : ['sha256', algorithm]
    return this.#remember(repository, id, await UploadFile.create(this.#path(repository, id), algorithms))
  }

  /** Throws `not found`, also for what is no upload's id. */
  async find(repository: string, id: string): Promise<Upload> {
    if (!idPattern.test(id)) throw unknown(id)
    const path = this.#path(repository, id)
    const known = this.#open.get(path)
    if (known !== undefined) return known
    const file = await UploadFile.reopen(path)
    if (file === undefined) throw unknown(id)
    return this.#open.get(path) ?? this.#remember(repository, id, file)
  }

  /** It is over: its file was taken, or goes. */
  async end({ file }: Upload): Promise<void> {
    this.#open.delete(file.path)
    await file.discard()
  }

  /** Removes uploads that nobody went on with. `now`: milliseconds since the epoch. */
  async clean(now: number): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const path = `${this.#directory}/${name}`
      const found = await stat(path).catch(() => undefined)
      if (found === undefined || found.mtimeMs >= now - lifetime) continue
      this.#open.delete(path)
      await rm(path, { force: true })
    }
  }

  /** Clients that were told of a full disk begin anew, some day: until then, what came of the upload would keep it full. */
  async #failed(upload: Upload, error: unknown): Promise<never> {
    if (isDiskFull(error)) await this.end(upload)
    throw error
  }

  #path(repository: string, id: string): string {
    return `${this.#directory}/${createHash('sha256').update(repository).digest('hex').slice(0, 32)}.${id}`
  }

  #remember(repository: string, id: string, file: UploadFile): Upload {
    const turns = new Turns()
    let interruptLast: (() => void) | undefined
    const upload: Upload = {
      id,
      repository,
      file,
      turn: (task, interrupt) => {
        interruptLast?.()
        interruptLast = interrupt
        return turns.run(async () => {
          if (this.#open.get(file.path) !== upload) throw unknown(id)
          return await task().catch((error: unknown) => this.#failed(upload, error))
        })
      },
    }
    this.#open.set(file.path, upload)
    return upload
  }
}

function unknown(id: string): GalleyError {
  const subject = id.slice(0, 64)
  return new GalleyError('not found', `blob upload unknown to registry: ${subject}`, { code: 'upload.unknown', subject })
}
