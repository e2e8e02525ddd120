import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { WebSocketServer, type WebSocket } from 'ws'
import { FrameBuffer } from '#base/frame-buffer.ts'
import { GalleyError } from '#base/error.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { attachBy, wantedStreams, type Streams } from './attach.ts'
import type { Call, Handler } from './route.ts'

/** Bytes that one message of a client may have. */
const largestMessage = 1 << 20
/** Sent when the process has ended, or the client has detached (RFC 6455, 7.4.1). */
const normalClosure = 1000

const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: largestMessage })

/**
 * `GET /containers/{id}/attach/ws`: as attach, over a WebSocket (RFC 6455). What a container writes comes as it is, its two outputs
 * in one, in binary messages; before API 1.28 in messages of text.
 */
export function webSocketRoutes(engine: Engine): { readonly [path in 'GET /containers/{id}/attach/ws']: Handler } {
  return {
    'GET /containers/{id}/attach/ws': (call) =>
      attachBy(engine, call, { streams: streamsOf(call), accept: (tty) => upgrade(call, { tty, binary: call.minor >= 28 }) }),
  }
}

/** Clients could choose no streams before API 1.42. */
function streamsOf(call: Call): Streams {
  const wanted = wantedStreams(call)
  return call.minor >= 42 ? wanted : { ...wanted, stdin: true, stdout: true, stderr: true }
}

interface Speech {
  /** Whether output comes in no framing, as a terminal's does. */
  readonly tty: boolean
  /** Whether the client gets messages of bytes. */
  readonly binary: boolean
}

/** Throws `invalid` for a request that asks for none; one that asks wrongly is answered by the server. */
async function upgrade({ request, response }: Call, speech: Speech): Promise<Duplex> {
  if (request.headers.upgrade?.toLowerCase() !== 'websocket')
    throw new GalleyError('invalid', 'the request does not ask for a WebSocket (Upgrade: websocket)')
  const stream = response.socket as Socket
  response.detachSocket(stream)
  request.socket.removeAllListeners('timeout')
  request.socket.setTimeout(0)
  return await new Promise((resolve, reject) => {
    stream.once('close', () => reject(new GalleyError('unavailable', 'the client went away')))
    // At once, as its first message may have come already.
    server.handleUpgrade(request, stream, Buffer.alloc(0), (socket) => resolve(clientOf(socket, speech)))
  })
}

/** The client's side as a stream: takes a container's output in the attach framing, without a terminal, and gives the client's messages. */
function clientOf(socket: WebSocket, { tty, binary }: Speech): Duplex {
  const frames = new FrameBuffer()
  const decoders = new Map<number, StringDecoder>()
  /** A character that comes in two pieces is one message's. */
  const text = (stream: number, data: Buffer): string => {
    const decoder = decoders.get(stream) ?? new StringDecoder('utf8')
    decoders.set(stream, decoder)
    return decoder.write(data)
  }
  const client = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _, done) {
      const messages = (tty ? [{ stream: 1, data: chunk }] : frames.push(chunk)).map(({ stream, data }) =>
        binary ? data : text(stream, data),
      )
      const wanted = messages.filter(({ length }) => length > 0)
      // Who has gone is told of as closed, not as a failure to write.
      for (const [index, message] of wanted.entries()) socket.send(message, () => index === wanted.length - 1 && done())
      if (wanted.length === 0) done()
    },
    final(done) {
      socket.close(normalClosure)
      done()
    },
    destroy(error, done) {
      socket.terminate()
      done(error)
    },
  })
  socket.on('message', (data: Buffer) => !client.push(data) && socket.pause())
  socket.on('error', () => undefined)
  socket.on('close', () => {
    client.once('end', () => client.destroy())
    client.push(null)
  })
  return client
}
