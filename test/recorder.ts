import { appendFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { operationOf } from './docker-operations.ts'

/**
 * Passes everything on to a daemon's socket, and notes which operations clients used and how they ended: what `docs/support/`
 * calls tested is what a test's client really did.
 */
export class Recorder {
  readonly #server: Server
  readonly #file: string

  constructor(path: string, daemon: string, file: string) {
    this.#file = file
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#pass(client, daemon)).listen(path)
    this.#server.unref()
  }

  close(): void {
    this.#server.close()
  }

  #pass(client: Socket, daemon: string): void {
    const server = connect({ path: daemon, allowHalfOpen: true })
    let asked: string | undefined
    client.on('data', (chunk: Buffer) => {
      const line = /^(GET|HEAD|POST|PUT|DELETE) (\S+) HTTP\/1\.1\r\n/.exec(chunk.toString('latin1', 0, 4096))
      if (line !== null) asked = operationOf(line[1] ?? '', line[2] ?? '')
    })
    server.on('data', (chunk: Buffer) => {
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(chunk.toString('latin1', 0, 16))?.[1]
      if (status !== undefined && asked !== undefined) appendFileSync(this.#file, `${asked} ${status}\n`)
    })
    client.pipe(server)
    server.pipe(client)
    client.on('error', () => server.destroy()).on('close', () => server.destroySoon())
    // A daemon that has answered before it read everything: the client still gets the answer.
    server.on('error', () => client.unpipe(server).resume()).on('close', () => client.destroySoon())
  }
}
