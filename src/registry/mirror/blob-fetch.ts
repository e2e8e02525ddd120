import { open, type FileHandle } from 'node:fs/promises'
import type { Digest } from '#base/digest.ts'
import { GalleyError, isDiskFull, messageOf } from '#base/error.ts'
import { Permits } from '#base/permits.ts'
import type { Arrival } from '#content/blobs/arrival.ts'
import { download } from '#content/remote/download.ts'
import { linkBlob } from '../receive-blob.ts'
import type { Registry } from '../registry.ts'
import type { ServedBlob } from './mirrors.ts'
import type { Upstream, UpstreamRepository } from './upstream.ts'

/** Connections to other registries for all blobs together. */
const connections = new Permits(6)
const pieceSize = 1 << 20

export interface WantedBlob {
  readonly name: string
  readonly digest: Digest
  readonly size: number
  readonly source: UpstreamRepository
}

/** A blob while it comes from elsewhere. Those who read it follow as it comes; it comes to its end also when they go away. */
export interface BlobFetch extends ServedBlob {
  /** Resolves when it is here, verified and linked. */
  readonly whole: Promise<void>
}

/** Starts to fetch a blob, or goes on where an earlier attempt was cut off. */
export async function fetchedBlob(registry: Registry, upstream: Upstream, wanted: WantedBlob): Promise<BlobFetch> {
  const arrival = await upstream.arrive(wanted.digest, wanted.size)
  const follow = new Follow(wanted.size)
  const whole = bring(registry, arrival, { ...wanted, onProgress: (at) => follow.tell(at) })
  whole.then(
    () => follow.end(),
    (error: unknown) => {
      follow.fail(error)
      registry.log.warn('registry: a blob of another registry cannot be had', { blob: wanted.digest, error: messageOf(error) })
    },
  )
  return { whole, size: wanted.size, bytes }

  async function* bytes(start: number, end: number): AsyncGenerator<Uint8Array> {
    const file = await open(arrival.path, 'r').catch(() => undefined)
    if (file !== undefined) return yield* follow.bytes(file, start, end)
    // It has become whole meanwhile, and has its lasting name.
    await whole
    yield* registry.content.bytes(wanted.digest, start, end)
  }
}

async function bring(
  registry: Registry,
  arrival: Arrival,
  { name, digest, size, source, onProgress }: WantedBlob & { readonly onProgress: (at: number) => void },
): Promise<void> {
  await using held = arrival
  const stop = new AbortController()
  const nothing = (): void => undefined
  const { clock } = registry
  const work = [
    download(held, { sources: source.sources, clock, connections, signal: stop.signal, onBytes: nothing, onPause: nothing }),
    verify(held, onProgress),
  ]
  try {
    await Promise.all(work)
    await registry.content.whileAdding(async () => {
      await held.commit()
      await linkBlob(registry, { name, digest }, { content: digest, size, at: clock.now() })
    })
  } catch (error) {
    stop.abort(error)
    held.fail(error)
    await Promise.allSettled(work)
    // Bytes of another digest are of no use, and those on a full disk take the room of others; of a connection that broke, what came is.
    if (isDiskFull(error) || (error instanceof GalleyError && error.kind === 'invalid')) await held.discard()
    throw error
  }
}

async function verify(arrival: Arrival, onProgress: (at: number) => void): Promise<void> {
  let at = 0
  for await (const chunk of arrival.bytes()) {
    at += chunk.length
    onProgress(at)
  }
}

/** Lets several read a file while it grows. The last byte is given only when the whole was verified: nobody takes a damaged blob for whole. */
class Follow {
  readonly #size: number
  #at = 0
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #change = Promise.withResolvers<void>()

  constructor(size: number) {
    this.#size = size
  }

  tell(at: number): void {
    this.#at = at
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  fail(error: unknown): void {
    this.#failure = { error }
    this.#wake()
  }

  /** Closes the file, which has another name when it is whole, and stays the same. */
  async *bytes(opened: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
    await using file = opened
    for (let at = start; at < end;) {
      const length = Math.min(this.#available() - at, end - at, pieceSize)
      if (length <= 0) {
        await this.#more()
        continue
      }
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, at)
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  #available(): number {
    return this.#ended ? this.#size : Math.min(this.#at, this.#size - 1)
  }

  async #more(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
    await this.#change.promise
  }

  #wake(): void {
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }
}
