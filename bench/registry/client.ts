import { createHash, randomBytes } from 'node:crypto'
import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'

export interface Blob {
  readonly bytes: Buffer
  readonly digest: string
}

/** Bytes that nobody has seen and that do not compress. */
export function newBlob(size: number): Blob {
  const bytes = randomBytes(size)
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` }
}

/** Pushes and pulls as docker does: POST, PATCH without a range, PUT; connections are kept. */
export class RegistryClient implements Disposable {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })

  constructor(port: number) {
    this.#port = port
  }

  async push({ bytes, digest }: Blob): Promise<void> {
    const begun = await this.#ask('POST', '/v2/bench/blobs/uploads/', 202)
    const sent = await this.#ask('PATCH', pathOf(begun.headers), 202, bytes)
    const path = pathOf(sent.headers)
    await this.#ask('PUT', `${path}${path.includes('?') ? '&' : '?'}digest=${digest}`, 201)
  }

  /** In one request after the POST, as skopeo and crane send small blobs. */
  async pushWhole({ bytes, digest }: Blob): Promise<void> {
    const path = pathOf((await this.#ask('POST', '/v2/bench/blobs/uploads/', 202)).headers)
    await this.#ask('PUT', `${path}${path.includes('?') ? '&' : '?'}digest=${digest}`, 201, bytes)
  }

  async pull({ bytes, digest }: Blob): Promise<void> {
    const { size } = await this.#ask('GET', `/v2/bench/blobs/${digest}`, 200)
    if (size !== bytes.length) throw new Error(`${size} bytes instead of ${bytes.length}`)
  }

  /** With as little work as this side can do, for large blobs: the bytes go into one buffer again and again. */
  pullRaw({ bytes, digest }: Blob): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = Infinity
      const take = (count: number, buffer: Uint8Array): boolean => {
        const head = left === Infinity ? Buffer.from(buffer).toString('latin1', 0, Math.min(count, 4096)) : undefined
        if (head !== undefined && !head.startsWith('HTTP/1.1 200')) reject(new Error(head.slice(0, 200)))
        if (head !== undefined) left = bytes.length + head.indexOf('\r\n\r\n') + 4
        left -= count
        if (left <= 0) socket.destroy()
        return true
      }
      const buffer = Buffer.allocUnsafeSlow(1 << 20)
      const socket = connect({ host: '127.0.0.1', port: this.#port, onread: { buffer, callback: take } })
      socket.on('error', reject).on('close', () => (left === 0 ? resolve() : reject(new Error(`${left} bytes are missing`))))
      socket.write(`GET /v2/bench/blobs/${digest} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\n\r\n`)
    })
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #ask(method: string, path: string, wanted: number, body?: Buffer): Promise<{ headers: IncomingHttpHeaders; size: number }> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/octet-stream', 'content-length': body?.length ?? 0 }
      const call = request({ host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path, headers }, (response) => {
        let size = 0
        response.on('data', (chunk: Buffer) => (size += chunk.length))
        response.on('error', reject)
        response.on('end', () => {
          if (response.statusCode === wanted) resolve({ headers: response.headers, size })
          else reject(new Error(`${method} ${path}: ${response.statusCode}`))
        })
      })
      call.on('error', reject)
      call.end(body)
    })
  }
}

function pathOf({ location }: IncomingHttpHeaders): string {
  const { pathname, search } = new URL(location ?? '', 'http://127.0.0.1')
  return pathname + search
}
