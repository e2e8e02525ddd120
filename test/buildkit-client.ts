import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2, performServerHandshake, type ClientHttp2Session } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { Caller } from '#faces/buildkit/grpc/caller.ts'
import { serveCalls, type RpcHandler, type RpcRoutes } from '#faces/buildkit/grpc/serve.ts'
import { solveRequest, solveResponse } from '#faces/buildkit/messages/control.ts'
import { packet } from '#faces/buildkit/messages/session.ts'
import { decode, encode, type Given, type Message } from '#faces/buildkit/wire/message.ts'

type Packet = Given<typeof packet>

/** A client of BuildKit's protocols that can do what no real one does. */
export class BuildkitClient implements Disposable {
  readonly #path: string
  readonly #sockets: Socket[] = []

  constructor(socketPath: string) {
    this.#path = socketPath
  }

  /** A connection that was upgraded, with nothing sent on it yet. */
  async upgraded(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Socket> {
    const socket = connect(this.#path)
    this.#sockets.push(socket)
    socket.on('error', () => undefined)
    const lines = Object.entries({ Host: 'docker', Connection: 'Upgrade', Upgrade: 'h2c', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    const head = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
    const end = head.indexOf('\r\n\r\n')
    if (!head.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(head.toString())
    socket.pause()
    if (head.length > end + 4) socket.unshift(head.subarray(end + 4))
    return socket
  }

  async http2(): Promise<ClientHttp2Session> {
    const socket = await this.upgraded('/grpc')
    const session = connectHttp2('http://docker', { createConnection: () => socket })
    session.on('error', () => undefined)
    // Node throws when a session ends before it has read what came with the upgrade.
    await once(session, 'remoteSettings')
    return session
  }

  /** Serves as a session, and resolves with its id. */
  async session(routes: RpcRoutes): Promise<string> {
    const id = randomUUID()
    const headers = {
      'X-Docker-Expose-Session-Uuid': id,
      'X-Docker-Expose-Session-Sharedkey': 'shared',
      'X-Docker-Expose-Session-Grpc-Method': Object.keys(routes).join(','),
    }
    const socket = await this.upgraded('/session', headers)
    serveCalls(performServerHandshake(socket), routes, { info: () => undefined, warn: () => undefined, error: () => undefined })
    return id
  }

  /** Builds with a session that serves these, and what is asked for otherwise. Throws what the daemon answers with. */
  async solve(routes: RpcRoutes, wishes: Given<typeof solveRequest> = {}): Promise<Message<typeof solveResponse>> {
    const caller = new Caller(await this.http2())
    const signal = new AbortController().signal
    const request = { ref: randomUUID(), session: await this.session(routes), frontend: 'dockerfile.v0', ...wishes }
    return caller.call({ path: '/moby.buildkit.v1.Control/Solve', signal }, [solveRequest, solveResponse], request)
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

export const diffCopy = '/moby.filesync.v1.FileSync/DiffCopy'

/** Sends the packets of a directory, and the content that is asked for. */
export function directories(
  all: Readonly<Record<string, { readonly packets: readonly Packet[]; readonly content?: readonly string[] }>>,
): RpcHandler {
  return async (call) => {
    const { packets, content = [] } = all[String(call.headers['dir-name'])] ?? { packets: [{ type: 0 }] }
    for (const each of packets) await call.send(encode(packet, each))
    for await (const bytes of call.received) {
      const { type, id } = decode(packet, bytes)
      if (type === 3) return call.send(encode(packet, { type: 3 }))
      if (type !== 1) continue
      await call.send(encode(packet, { type: 2, id, data: Buffer.from(content[id] ?? '') }))
      await call.send(encode(packet, { type: 2, id }))
    }
  }
}

/** A directory with a Dockerfile alone. */
export function definition(text: string): { packets: readonly Packet[]; content: readonly string[] } {
  return { packets: [{ type: 0, stat: { path: 'Dockerfile', mode: 0o644, size: text.length } }, { type: 0 }], content: [text] }
}
