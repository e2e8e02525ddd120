import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from 'node:dgram'
import { createServer, isIPv4, type Server, type Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { boundSocket } from '#host/netns/sockets.ts'
import { Forwarder } from './forwarder.ts'
import { code, decodeQuery, encodeFailure, encodeReply, type, type Query } from './message.ts'
import { listenAddress } from './listen-address.ts'
import { answerLocally, type Askable, type Names } from './table.ts'
import { addressesAmong, MessageReader, withLength, type HostServers, type Upstream } from './upstream.ts'

/** What one container's resolver has to know beside the names. */
export interface ResolverSpec {
  /** Id of the container. */
  readonly container: string
  /** Path of its network namespace. */
  readonly namespace: string
  /** The namespace's own number: a container that starts again has another one on the same path. */
  readonly sandbox: number
  /** Ids of its networks; the first one that knows a name answers. */
  readonly networks: readonly string[]
  /** What the container alone calls others, whatever the network says: their names by alias, by network. */
  readonly aliases?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
  /** Servers of its own (`--dns`); none: the host's. */
  readonly servers: readonly string[]
  /** Whether any of its networks leads outside: without, servers that are asked from the host's namespace are none of its business. */
  readonly outside: boolean
  /** False: none of them leads outside by IPv4, so that servers there can't be reached from its namespace. */
  readonly ipv4?: boolean
  /** It was given `ndots` above 0: a name without dot is not asked elsewhere as it is. */
  readonly ndots: boolean
}

const longestIdle = 10_000
const mostConnections = 64

interface World {
  readonly clock: Clock
  readonly host: HostServers
  readonly names: (network: string) => Names | undefined
}

/** Answers one container's questions, over UDP and TCP. */
export class Resolver implements Disposable {
  readonly #spec: ResolverSpec
  readonly #world: World
  readonly #datagrams: DatagramSocket
  readonly #streams: Server
  readonly #forwarder: Forwarder
  #turn = 0

  /** Throws `SystemCallError` when the namespace is gone or the port is taken there. */
  constructor(spec: ResolverSpec, world: World) {
    this.#spec = spec
    this.#world = world
    this.#forwarder = new Forwarder(world.clock)
    const fd = boundSocket(spec.namespace, 'udp', listenAddress)
    this.#datagrams = createSocket('udp4').bind({ fd })
    this.#datagrams.on('message', (message, from) => void this.#onDatagram(message, from))
    // What can't be sent is asked again.
    this.#datagrams.on('error', () => undefined)
    this.#streams = createServer((socket) => this.#onConnection(socket))
    this.#streams.maxConnections = mostConnections
    this.#streams.on('error', () => undefined)
    this.#streams.listen({ fd: boundSocket(spec.namespace, 'tcp', listenAddress) })
  }

  async #onDatagram(message: Buffer, from: RemoteInfo): Promise<void> {
    const reply = await this.#answer(message, 'udp')
    if (reply !== undefined) this.#datagrams.send(reply, from.port, from.address, () => undefined)
  }

  #onConnection(socket: Socket): void {
    const messages = new MessageReader((message) => {
      void this.#answer(message, 'tcp').then((reply) => reply !== undefined && socket.writable && socket.write(withLength(reply)))
    })
    socket.on('data', (chunk: Buffer) => messages.push(chunk))
    socket.on('error', () => socket.destroy())
    socket.setTimeout(longestIdle, () => socket.destroy())
  }

  async #answer(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const query = decodeQuery(message)
    if (query === undefined) return undefined
    if (typeof query === 'number') return encodeFailure(message, query)
    const limit = transport === 'tcp' ? 65_535 : Math.max(512, Math.min(query.payload ?? 512, 4096))
    const known = answerLocally(this.#names(), query, this.#turn++) ?? this.#decline(query)
    if (known !== undefined) return encodeReply(query, { ...known, limit })
    const reply = await this.#forwarder.forward(message, this.#servers(), transport)
    return reply ?? encodeReply(query, { code: code.SERVFAIL, answers: [], limit })
  }

  /** A bare name that the container wants its search domains tried for first. */
  #decline({ name, type: kind }: Query): { code: number; answers: [] } | undefined {
    const bare = !name.includes('.') && (kind === type.A || kind === type.AAAA)
    return bare && this.#spec.ndots ? { code: code.NXDOMAIN, answers: [] } : undefined
  }

  #names(): Askable[] {
    return this.#spec.networks.flatMap((id) => this.#world.names(id)?.with(this.#spec.aliases?.[id] ?? {}) ?? [])
  }

  #servers(): Upstream[] {
    const { servers, namespace, outside, ipv4 = true } = this.#spec
    if (servers.length > 0) return addressesAmong(servers).map((address) => ({ address, namespace }))
    // Nor does a container reach the host's servers of a family that it lacks.
    const isOurs = (address: string): boolean => ipv4 && isIPv4(address) && !address.startsWith('127.')
    return this.#world.host
      .list()
      .map((address) => ({ address, namespace: isOurs(address) ? namespace : undefined }))
      .filter((server) => outside || server.namespace !== undefined)
  }

  [Symbol.dispose](): void {
    this.#datagrams.close()
    this.#streams.close()
  }
}
