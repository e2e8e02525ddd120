import { GalleyError } from '#base/error.ts'
import type { FileSelection, FileSink, FileSource, Stat } from '../client.ts'
import type { OpenCall } from '../grpc/caller.ts'
import { packet } from '../messages/session.ts'
import { decode, encode, type Given, type Message } from '../wire/message.ts'
import { kindOfMode } from './file-mode.ts'
import type { Session } from './sessions.ts'

const kinds = { stat: 0, request: 1, data: 2, end: 3, error: 4 } as const
const diffCopy = '/moby.filesync.v1.FileSync/DiffCopy'

/** Files asked for at a time: enough that the client always has something to send. */
const window = 64
const mostEntries = 2_000_000
/** Bytes of a name, as for the kernel; of all that is told of the entries; and of all files. */
const most = { path: 4096, listing: 1 << 29, files: 64 * 2 ** 30 } as const

/** Files on their way from a client (FileSync.DiffCopy, whose packets are those of the fsutil package). */
export class IncomingFiles implements FileSource {
  received = 0
  readonly #call: OpenCall
  readonly #packets: AsyncIterator<Buffer>

  constructor(session: Session, { directory, exclude = [], follow }: FileSelection, signal: AbortSignal) {
    if (!session.offers(diffCopy)) throw new GalleyError('invalid', 'no local sources enabled', { code: 'buildkit.no-files' })
    const metadata = {
      ...header('dir-name', [directory]),
      ...header('exclude-patterns', exclude),
      ...header('followpaths', follow ?? []),
    }
    this.#call = session.caller.open(diffCopy, metadata, signal)
    this.#packets = this.#call.received[Symbol.asyncIterator]()
  }

  async stats(): Promise<Stat[]> {
    const stats: Stat[] = []
    const directories = new Set([''])
    for (;;) {
      const { stat: next } = await this.#next(kinds.stat)
      if (next === undefined) return stats
      if (this.received > most.listing)
        throw new GalleyError('too large', `the list of files in the build context is larger than ${most.listing} bytes`)
      check(next, directories)
      if (kindOfMode(next.mode) === 'directory') directories.add(next.path)
      if (stats.push(next) > mostEntries) throw new GalleyError('too large', `the build context has more than ${mostEntries} entries`)
    }
  }

  async receive(wanted: Iterable<readonly [number, () => FileSink]>): Promise<void> {
    const waiting = wanted[Symbol.iterator]()
    const open = new Map<number, FileSink>()
    const ask = (): void => {
      while (open.size < window) {
        const next = waiting.next()
        if (next.done === true) return
        const [id, sink] = next.value
        open.set(id, sink())
        this.#send({ type: kinds.request, id })
      }
    }
    for (ask(); open.size > 0; ask()) {
      const { id, data } = await this.#next(kinds.data)
      const sink = open.get(id)
      if (sink === undefined) throw new GalleyError('invalid', `the client sent a file that was not asked for: ${id}`)
      if (this.received > most.files) throw new GalleyError('too large', `the build context is larger than ${most.files} bytes`)
      if (data.length > 0) sink.write(data)
      else {
        sink.end()
        open.delete(id)
      }
    }
  }

  finish(): void {
    this.#send({ type: kinds.end })
    // Whatever becomes of the rest of the call, all that was asked for is here.
    this.#leave().catch(() => this.cancel())
  }

  async #leave(): Promise<void> {
    await this.#next(kinds.end)
    this.#call.finish()
    while ((await this.#packets.next()).done !== true);
  }

  cancel(): void {
    this.#call.cancel()
  }

  #send(given: Given<typeof packet>): void {
    this.#call.send(encode(packet, given))
  }

  async #next(type: number): Promise<Message<typeof packet>> {
    const next = await this.#packets.next()
    if (next.done === true) throw new GalleyError('unavailable', 'the client stopped sending files')
    this.received += next.value.length
    const received = decode(packet, next.value)
    if (received.type === kinds.error) throw new GalleyError('invalid', `error from sender: ${received.data.toString()}`)
    if (received.type !== type) throw new GalleyError('invalid', `the client sent a packet of kind ${received.type} in place of ${type}`)
    return received
  }
}

/** As HTTP/2 allows it in a header: a value that is not ASCII makes all of them escaped. */
function header(name: string, values: readonly string[]): Record<string, readonly string[]> {
  if (values.length === 0) return {}
  // Control characters are ASCII as well, and go escaped.
  if (values.every((value) => /^[\x20-\x7E]*$/.test(value))) return { [name]: values }
  return { [name]: values.map((value) => encodeURIComponent(value)), [`${name}-encoded`]: ['1'] }
}

/** Every entry lies in a directory that came before it, so that nothing can be written through a link. */
function check({ path, link }: Stat, directories: ReadonlySet<string>): void {
  if (path.length > most.path || link.length > most.path || link.includes('\0'))
    throw new GalleyError('invalid', `the client sent an invalid name or link: ${JSON.stringify(path.slice(0, 64))}`, {
      code: 'context.path',
    })
  const parts = path.split('/')
  const parent = parts.slice(0, -1).join('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..') || path.includes('\0') || !directories.has(parent))
    throw new GalleyError('invalid', `the client sent an invalid path: ${JSON.stringify(path)}`, { code: 'context.path', subject: path })
}
