import { Duplex } from 'node:stream'
import type { OpenCall } from '../grpc/caller.ts'
import type { RpcCall } from '../grpc/serve.ts'
import { bytesMessage } from '../messages/session.ts'
import { decode, encode } from '../wire/message.ts'

/** Bytes in one message: clients take no more than four megabytes. */
const largest = 1 << 20

/** What comes in a call whose messages are pieces of a stream. */
export async function* bytesIn(call: OpenCall): AsyncGenerator<Buffer, void> {
  for await (const message of call.received) yield decode(bytesMessage, message).data
}

/** Sends a stream in pieces, and resolves when the other side has taken all of it. Throws what it answers with. */
export async function sendBytes(call: OpenCall, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of bytes) await sendPieces(call, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  call.finish()
  for await (const _ of call.received);
}

async function sendPieces(call: OpenCall, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; at += largest)
    if (!call.send(encode(bytesMessage, { data: chunk.subarray(at, at + largest) }))) await call.drained()
}

/** Both directions of a call that this side began, as one stream. */
export function duplexOf(call: OpenCall): Duplex {
  return duplex({
    incoming: bytesIn(call),
    send: (chunk) => sendPieces(call, chunk),
    finish: () => call.finish(),
    cancel: () => call.cancel(),
  })
}

/** Both directions of a call that a client began (Control.Session). */
export function duplexOfRpc(call: RpcCall, finish: () => void): Duplex {
  const incoming = async function* (): AsyncGenerator<Buffer, void> {
    for await (const bytes of call.received) yield decode(bytesMessage, bytes).data
  }
  return duplex({ incoming: incoming(), send: (chunk) => call.send(encode(bytesMessage, { data: chunk })), finish, cancel: finish })
}

function duplex({
  incoming,
  send,
  finish,
  cancel,
}: {
  readonly incoming: AsyncGenerator<Buffer, void>
  readonly send: (chunk: Buffer) => Promise<void>
  readonly finish: () => void
  readonly cancel: () => void
}): Duplex {
  return new Duplex({
    read() {
      incoming.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
      )
    },
    write(chunk: Buffer, _, callback) {
      send(chunk).then(() => callback(), callback)
    },
    final(callback) {
      finish()
      callback()
    },
    destroy(error, callback) {
      cancel()
      callback(error)
    },
  })
}
