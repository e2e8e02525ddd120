import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { sleep, systemClock } from '#base/clock.ts'

/** What happens to a request instead of being passed on as it is. */
export interface Fault {
  /** Answer this, and don't ask the registry. */
  readonly answer?: { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Close the connection after so many bytes of the answer's body. */
  readonly cutAfter?: number
  /** Reset the connection after so many bytes of the request's body. */
  readonly cutUploadAfter?: number
  /** Bytes a second. */
  readonly speed?: number
  /** Keep the second half of the answer's body back until this resolves. */
  readonly heldBy?: Promise<void>
  /** Pass the request on without its Range. */
  readonly withoutRange?: boolean
  /** Change the last byte of the answer's body. */
  readonly damaged?: boolean
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** A proxy before a registry that misbehaves as told, notes what it is asked, and counts the bytes of blobs that it serves. */
export class FaultyRegistry implements AsyncDisposable {
  readonly seen: Seen[] = []
  served = 0
  /** Asked for each request. */
  fault: (request: Seen) => Fault | undefined = () => undefined
  readonly #upstream: number
  readonly #server: Server

  constructor(upstream: number) {
    this.#upstream = upstream
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  async start(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Forgets what it was told and what it saw. */
  reset(): void {
    this.fault = () => undefined
    this.seen.length = 0
    this.served = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers }
    this.seen.push(seen)
    const fault = this.fault(seen) ?? {}
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    if (fault.answer !== undefined) {
      request.resume()
      response.writeHead(fault.answer.status, fault.answer.headers).end(fault.answer.body)
      return
    }
    await this.#forward(request, response, fault)
  }

  async #forward(request: IncomingMessage, response: ServerResponse, fault: Fault): Promise<void> {
    const headers = { ...request.headers }
    if (fault.withoutRange === true) delete headers['range']
    const upstream = forward({ host: '127.0.0.1', port: this.#upstream, method: request.method, path: request.url, headers, agent: false })
    upstream.on('error', () => response.destroy())
    if (fault.cutUploadAfter === undefined) request.pipe(upstream)
    else void cutUpload(request, upstream, fault.cutUploadAfter)
    const [answer] = (await once(upstream, 'response').catch(() => [undefined])) as [IncomingMessage | undefined]
    if (answer === undefined) return
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    await this.#pass(answer, response, fault).catch(() => response.destroy())
    upstream.destroy()
  }

  async #pass(answer: IncomingMessage, response: ServerResponse, { cutAfter = Infinity, speed, damaged, heldBy }: Fault): Promise<void> {
    const blob = /\/blobs\/sha256:/.test(response.req.url ?? '') && response.req.method === 'GET'
    let sent = 0
    const total = Number(answer.headers['content-length'] ?? 0)
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if (response.destroyed) return
      const bytes = chunk.subarray(0, cutAfter - sent)
      if (damaged === true && sent + bytes.length === total && bytes.length > 0) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      sent += bytes.length
      if (!response.write(bytes)) await drained(response)
      if (blob) this.served += bytes.length
      if (sent >= cutAfter) {
        // A reset would also take back what the other side has not read yet, and no byte could be counted on.
        response.socket?.destroySoon()
        return
      }
      if (sent * 2 > total) await heldBy
      if (speed !== undefined) await sleep(systemClock, (bytes.length / speed) * 1000)
    }
    response.end()
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

async function cutUpload(request: IncomingMessage, upstream: ReturnType<typeof forward>, after: number): Promise<void> {
  const { socket } = request
  let taken = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    upstream.write(chunk)
    taken += chunk.length
    if (taken >= after) break
  }
  socket.resetAndDestroy()
  upstream.destroy()
}
