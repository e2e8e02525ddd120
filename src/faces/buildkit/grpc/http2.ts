import type { ClientHttp2Session, ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Bytes on their way at a time: contexts and images go through these connections. */
const window = 4 << 20

/** Bytes: patterns of a large context go as headers, and a whole Dockerfile goes with what is wrong in it. */
const maxSendHeaderBlockLength = 8 << 20

/** HTTP/2 on connections that are there already. Loaded with the first: 3 MB that a daemon without BuildKit's clients does without. */
export const http2 = {
  /** The side that answers. */
  serve(socket: Socket): ServerHttp2Session {
    const session = module().performServerHandshake(socket, { maxSendHeaderBlockLength, settings: { initialWindowSize: window } })
    session.setLocalWindowSize(window)
    return session
  },
  /** The side that asks. */
  connect(stream: Duplex): ClientHttp2Session {
    const session = module().connect('http://localhost', {
      createConnection: () => stream,
      maxSendHeaderBlockLength,
      settings: { initialWindowSize: window, enablePush: false },
    })
    session.once('connect', () => session.setLocalWindowSize(window))
    return session
  },
}

function module(): typeof import('node:http2') {
  return process.getBuiltinModule('node:http2')
}
