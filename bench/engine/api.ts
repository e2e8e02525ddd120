import { Agent, request } from 'node:http'

/** A client of the Docker Engine API over a Unix socket, connections kept alive as client libraries do. */
export class Api {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #socketPath: string

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** Status below 400 or an error; resolves with the body's bytes. */
  call(method: string, path: string, body?: unknown): Promise<Buffer> {
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: this.#socketPath, agent: this.#agent, method, path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const answer = Buffer.concat(chunks)
          if ((response.statusCode ?? 0) < 400) resolve(answer)
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer.toString()}`))
        })
      })
      call.on('error', reject)
      call.end(text)
    })
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    return JSON.parse((await this.call(method, path, body)).toString()) as T
  }

  /** What `docker run --rm` does, without its streams: create, start, wait, remove. */
  async run(command: readonly string[]): Promise<void> {
    const { Id } = await this.json<{ Id: string }>('POST', '/containers/create', { Image: 'box', Cmd: command })
    await this.call('POST', `/containers/${Id}/start`)
    await this.call('POST', `/containers/${Id}/wait`)
    await this.call('DELETE', `/containers/${Id}`)
  }

  /** What a health check costs: make an exec session, run it to its end, ask for its exit code. */
  async exec(container: string, command: readonly string[]): Promise<void> {
    const { Id } = await this.json<{ Id: string }>('POST', `/containers/${container}/exec`, {
      Cmd: command,
      AttachStdout: true,
      AttachStderr: true,
    })
    await this.call('POST', `/exec/${Id}/start`, { Detach: false, Tty: false })
    await this.call('GET', `/exec/${Id}/json`)
  }

  close(): void {
    this.#agent.destroy()
  }
}
