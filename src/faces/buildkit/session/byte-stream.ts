import { Duplex } from 'node:stream'
import type { OpenCall } from '../grpc/caller.ts'
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
  for await (const chunk of bytes) await send(call, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  call.finish()
  for await (const _ of call.received);
}

async function send(call: OpenCall, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; at += largest)
    if (!call.send(encode(bytesMessage, { data: chunk.subarray(at, at + largest) }))) await call.drained()
}

/** Both directions of a call as one stream. */
export function duplexOf(call: OpenCall): Duplex {
  const incoming = bytesIn(call)
  return new Duplex({
    read() {
      incoming.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
      )
    },
    write(chunk: Buffer, _, callback) {
      send(call, chunk).then(() => callback(), callback)
    },
    final(callback) {
      call.finish()
      callback()
    },
    destroy(error, callback) {
      call.cancel()
      callback(error)
    },
  })
}
