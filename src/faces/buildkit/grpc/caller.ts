import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { GalleyError } from '#base/error.ts'
import { decode, encode, type Given, type Message, type Shape } from '../wire/message.ts'
import { drained } from '#base/drained.ts'
import { frame, messagesOf } from './frames.ts'
import { canceled, errorOf, ok } from './status.ts'

/** Calls methods of the program at the other end of a connection (gRPC over HTTP/2). */
export class Caller {
  readonly #session: ClientHttp2Session

  constructor(session: ClientHttp2Session) {
    this.#session = session
  }

  /** Calls a method that takes one message and gives one. Throws what the other side answers with. */
  async call<Q extends Shape, A extends Shape>(
    { path, signal }: { readonly path: string; readonly signal: AbortSignal },
    [question, answer]: readonly [Q, A],
    request: Given<Q>,
  ): Promise<Message<A>> {
    const stream = this.open(path, {}, signal)
    stream.send(encode(question, request))
    stream.finish()
    let result: Message<A> | undefined
    for await (const bytes of stream.received) result = decode(answer, bytes)
    if (result === undefined) throw new GalleyError('unavailable', `${path} was answered by nothing`)
    return result
  }

  /** Opens a call in which both sides send messages. `metadata` may name a key several times. */
  open(path: string, metadata: Readonly<Record<string, string | readonly string[]>>, signal: AbortSignal): OpenCall {
    if (this.#session.destroyed || this.#session.closed) throw gone()
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': 'localhost',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...metadata,
    } as Record<string, string>)
    return new OpenCall(stream, path, signal)
  }
}

function gone(): GalleyError {
  return new GalleyError('unavailable', 'the client went away', { code: 'rpc.canceled' })
}

/** A call under way. */
export class OpenCall {
  readonly #stream: ClientHttp2Stream
  readonly #path: string
  #status: { readonly code: number; readonly message: string } | undefined

  constructor(stream: ClientHttp2Stream, path: string, signal: AbortSignal) {
    this.#stream = stream
    this.#path = path
    const note = (headers: IncomingHttpHeaders): void => {
      const code = headers['grpc-status']
      if (code !== undefined) this.#status = { code: Number(code), message: String(headers['grpc-message'] ?? '') }
    }
    stream.on('response', note)
    stream.on('trailers', note)
    stream.on('error', () => undefined)
    const abort = (): void => stream.close(8)
    signal.addEventListener('abort', abort, { once: true })
    stream.on('close', () => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
  }

  /** The messages that come back, to the end of the call. Throws when that ends in a failure. */
  get received(): AsyncGenerator<Buffer, void> {
    return this.#receive()
  }

  async *#receive(): AsyncGenerator<Buffer, void> {
    yield* messagesOf(chunksOf(this.#stream))
    const { code, message } = this.#status ?? { code: canceled, message: `${this.#path}: the client went away` }
    if (code !== ok) throw errorOf(code, message)
  }

  /** Sends one message; false when it is better to wait for `drained` before the next. */
  send(message: Buffer): boolean {
    return !this.#stream.destroyed && this.#stream.write(frame(message))
  }

  /** Resolves when the other side has taken what was sent, or is gone. */
  drained(): Promise<void> {
    return drained(this.#stream)
  }

  /** Says that nothing more is sent. */
  finish(): void {
    this.#stream.end()
  }

  /** Ends the call whatever is still to come. */
  cancel(): void {
    this.#stream.close(8)
  }
}

/**
 * All bytes that come. Go's servers reset a call whose caller has not ended its own side as soon as they have sent all of it: at that
 * Node's iterator gives up, whatever is still to be read, and how the call ended is not known yet. Whoever takes no more of them ends
 * the call.
 */
async function* chunksOf(stream: ClientHttp2Stream): AsyncGenerator<Buffer, void> {
  let change = Promise.withResolvers<void>()
  const wake = (): void => change.resolve()
  for (const event of ['readable', 'end', 'close']) stream.on(event, wake)
  try {
    while (!stream.readableEnded && !stream.destroyed) {
      const chunk = stream.read() as Buffer | null
      if (chunk !== null) {
        yield chunk
        continue
      }
      await change.promise
      change = Promise.withResolvers<void>()
    }
  } finally {
    for (const event of ['readable', 'end', 'close']) stream.off(event, wake)
    if (!stream.readableEnded) stream.destroy()
  }
}
