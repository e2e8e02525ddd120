import { createHash, randomUUID } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import { GalleyError, kindOf } from '#base/error.ts'
import { largestManifest } from '#content/manifests/manifest.ts'
import type { BlobStore } from '../client.ts'
import type { OpenCall } from '../grpc/caller.ts'
import { readContentRequest, readContentResponse, writeContentRequest, writeContentResponse } from '../messages/session.ts'
import { decode, encode, type Given } from '../wire/message.ts'
import type { Session } from './sessions.ts'

const service = '/containerd.services.content.v1.Content'
const actions = { write: 1, commit: 2 } as const
const largest = 1 << 20

/** One of the directories of a client that are laid out as OCI image layouts: blobs by digest (containerd's content service). */
export class ContentStore implements BlobStore {
  readonly #session: Session
  readonly #id: string
  readonly #signal: AbortSignal

  /** `id` is how the client calls it. */
  constructor(session: Session, id: string, signal: AbortSignal) {
    this.#session = session
    this.#id = id
    this.#signal = signal
  }

  async *read(digest: Digest): AsyncGenerator<Buffer, void> {
    const call = this.#open('Read')
    call.send(encode(readContentRequest, { digest }))
    call.finish()
    const hash = createHash('sha256')
    for await (const message of call.received) {
      const { data } = decode(readContentResponse, message)
      hash.update(data)
      yield data
    }
    if (`sha256:${hash.digest('hex')}` !== digest)
      throw new GalleyError('invalid', `the client sent other bytes than those of ${digest}`, { subject: digest })
  }

  async readWhole(digest: Digest): Promise<Buffer> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of this.read(digest)) {
      size += chunk.length
      if (size > largestManifest) throw new GalleyError('too large', `${digest} is no manifest: it is too large`, { subject: digest })
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  async write(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<{ digest: Digest; size: number }> {
    const ref = `galley-${randomUUID()}`
    const call = this.#open('Write')
    const answers = call.received[Symbol.asyncIterator]()
    const hash = createHash('sha256')
    let offset = 0
    const send = async (given: Given<typeof writeContentRequest>): Promise<void> => {
      if (!call.send(encode(writeContentRequest, { ref, ...given }))) await call.drained()
      const answer = await answers.next()
      if (answer.done === true) throw new GalleyError('unavailable', 'the client stopped taking content')
      decode(writeContentResponse, answer.value)
    }
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length; at += largest) {
        const data = Buffer.from(chunk.subarray(at, at + largest))
        hash.update(data)
        await send({ action: actions.write, offset, data })
        offset += data.length
      }
    }
    const digest: Digest = `sha256:${hash.digest('hex')}`
    await send({ action: actions.commit, offset, total: offset, expected: digest }).catch(unlessThere)
    call.finish()
    return { digest, size: offset }
  }

  #open(method: string): OpenCall {
    if (!this.#session.offers(`${service}/${method}`))
      throw new GalleyError('invalid', `the client has no content store ${this.#id}`, { code: 'buildkit.no-store', subject: this.#id })
    return this.#session.caller.open(`${service}/${method}`, { 'buildkit-attachable-store-id': this.#id }, this.#signal)
  }
}

function unlessThere(error: unknown): void {
  if (kindOf(error) !== 'already exists') throw error
}
