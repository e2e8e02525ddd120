import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { request as send } from 'node:http'
import { basename } from 'node:path'
import { operationOf } from '#faces/oci/routes.ts'
import type { Instance } from './instance.ts'

const recording = process.env['GALLEY_TEST_RECORD']

export const types = {
  octets: 'application/octet-stream',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** The codes of the specification's error form. */
  readonly errors: readonly string[]
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  /** Send the body without a length, in HTTP's own chunks. */
  readonly chunked?: boolean
}

/** Speaks the distribution protocol as it is written, without any client's care: paths go out as they are. */
export class OciClient {
  readonly port: number
  readonly authorization: string | undefined

  constructor(port: number, authorization?: string) {
    this.port = port
    this.authorization = authorization
  }

  /** `GET /v2/…`; resolves with any answer. */
  ask(line: string, { headers = {}, body, chunked = false }: Asked = {}): Promise<Answer> {
    const [method = '', path = ''] = line.split(' ')
    const length = body === undefined || chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const own = this.authorization === undefined ? {} : { authorization: this.authorization }
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.port, method, path, agent: false, headers: { ...own, ...length, ...headers } }
      const call = send(options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const status = response.statusCode ?? 0
          if (recording !== undefined)
            appendFileSync(recording, `oci\t${operationOf(method, path)}\t${status}\t${basename(process.argv[1] ?? '')}\n`)
          resolve({ status, headers: response.headers, body: Buffer.concat(chunks), errors: errorsOf(Buffer.concat(chunks)) })
        })
      })
      call.on('error', reject)
      if (chunked && body !== undefined) call.write(body)
      call.end(chunked ? undefined : body)
    })
  }

  /** As `ask`, for an answer that has to have this status. */
  async expect(status: number, line: string, asked: Asked = {}): Promise<Answer> {
    const answer = await this.ask(line, asked)
    assert.equal(answer.status, status, `${line}: ${answer.body.toString()}`)
    return answer
  }

  /** Uploads a blob in one request. */
  async blob(name: string, bytes: Buffer | string, algorithm = 'sha256'): Promise<string> {
    const digest = digestOf(bytes, algorithm)
    await this.expect(201, `POST /v2/${name}/blobs/uploads/?digest=${digest}`, { headers: { 'content-type': types.octets }, body: bytes })
    return digest
  }

  /** Begins an upload; resolves with its path. */
  async begin(name: string): Promise<string> {
    const { headers } = await this.expect(202, `POST /v2/${name}/blobs/uploads/`, { body: '' })
    return String(headers['location'])
  }

  /** Stores a small artifact or image under a tag or its digest; resolves with its digest. */
  async manifest(name: string, reference: string | undefined, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const config = await this.blob(name, '{}')
    const manifest = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config, size: 2 },
      layers: [],
      ...fields,
    }
    const body = JSON.stringify(manifest)
    await this.expect(201, `PUT /v2/${name}/manifests/${reference ?? digestOf(body)}`, {
      headers: { 'content-type': manifest.mediaType },
      body,
    })
    return digestOf(body)
  }
}

/** Kills the daemon, and waits until it serves the registry again. */
export async function crash(instance: Instance, client: OciClient): Promise<void> {
  await instance.anotherDaemon(instance.killDaemon())
  const status = (): Promise<number> =>
    client.ask('GET /v2/').then(
      (answer) => answer.status,
      () => 0,
    )
  await instance.until(status, (found) => found === 200)
}

export function digestOf(bytes: Buffer | string, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

export function jsonOf<T>({ body }: Answer): T {
  return JSON.parse(body.toString()) as T
}

function errorsOf(body: Buffer): readonly string[] {
  try {
    return (JSON.parse(body.toString()) as { errors: { code: string }[] }).errors.map(({ code }) => code)
  } catch {
    return []
  }
}
