import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { sleep, systemClock } from '#base/clock.ts'
import { hostPlatform } from '#content/manifests/platform.ts'

export const mediaTypes = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
} as const

export interface RegistryOptions {
  /** Lines of its configuration beside storage, `http.addr` and log. */
  readonly http?: string
  readonly more?: string
}

/** Debian's docker-registry on a port of loopback, with a directory of its own. */
export class RegistryServer implements AsyncDisposable {
  readonly home = mkdtempSync(`${tmpdir()}/registry-`)
  readonly port: number
  readonly host: string
  #process: ChildProcess | undefined

  constructor(port: number) {
    this.port = port
    this.host = `127.0.0.1:${port}`
  }

  /** `scheme` is the one that it then answers to. */
  async start({ http = '', more = '' }: RegistryOptions = {}, scheme: 'http' | 'https' = 'http'): Promise<void> {
    const lines = [
      'version: 0.1',
      `storage: {filesystem: {rootdirectory: ${this.home}/data}, delete: {enabled: true}}`,
      `http: {addr: "${this.host}"${http}}`,
      'log: {level: error, accesslog: {disabled: true}}',
      more,
    ]
    writeFileSync(`${this.home}/config.yml`, lines.join('\n'))
    this.#process = spawn('docker-registry', ['serve', `${this.home}/config.yml`], { stdio: 'ignore' })
    await listening(this.port, scheme)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process
    if (child !== undefined && child.exitCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    }
    rmSync(this.home, { recursive: true, force: true })
  }
}

async function listening(port: number, scheme: string): Promise<void> {
  const end = systemClock.now() + 60_000
  while (systemClock.now() < end) {
    const answered = await fetch(`${scheme}://127.0.0.1:${port}/v2/`, { headers: { connection: 'close' } }).then(
      () => true,
      (error: Error) => !/ECONNREFUSED/.test(String((error.cause as { code?: string } | undefined)?.code)),
    )
    if (answered) return
    await sleep(systemClock, 25)
  }
  throw new Error(`nothing listens on port ${port}`)
}

export interface Blob {
  readonly digest: string
  readonly size: number
  readonly bytes: Buffer
}

export function blobOf(bytes: Buffer): Blob {
  return { bytes, size: bytes.length, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` }
}

/** A layer with one file. */
export interface TestLayer extends Blob {
  readonly diffId: string
  readonly mediaType: string
}

export function testLayer(path: string, content: Buffer, packing: 'gzip' | 'zstd' | 'plain' = 'gzip'): TestLayer {
  const tar = tarOf(path, content)
  const packed = packing === 'plain' ? tar : packing === 'gzip' ? gzipSync(tar, { level: 1 }) : zstdCompressSync(tar)
  const suffix = { gzip: '+gzip', zstd: '+zstd', plain: '' }[packing]
  return { ...blobOf(packed), diffId: blobOf(tar).digest, mediaType: `application/vnd.oci.image.layer.v1.tar${suffix}` }
}

/** A layer that does not compress, so that its blob is about `size` bytes. */
export function randomLayer(path: string, size: number): TestLayer {
  return testLayer(path, randomBytes(size))
}

function tarOf(path: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512)
  header.write(path, 0)
  header.write('0000644\x000000000\x000000000\0', 100)
  header.write(`${content.length.toString(8).padStart(11, '0')}\x0000000000000\0        0`, 124)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512), Buffer.alloc(1024)])
}

export interface TestImage {
  readonly config: Blob
  readonly layers: readonly TestLayer[]
  readonly manifest: Blob
  readonly mediaType: string
}

/** An image of these layers; without a `Cmd` that could run. */
export function testImage(
  layers: readonly TestLayer[],
  architecture = hostPlatform().architecture,
  mediaType: string = mediaTypes.ociManifest,
): TestImage {
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) }
  const config = blobOf(Buffer.from(JSON.stringify({ os: 'linux', architecture, config: { Cmd: ['/x'] }, rootfs })))
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.size },
    layers: layers.map(({ digest, size, mediaType: type }) => ({ mediaType: type, digest, size })),
  }
  return { config, layers, manifest: blobOf(Buffer.from(JSON.stringify(manifest))), mediaType }
}

/** Puts an image into a registry by hand. */
export async function upload(base: string, name: string, tag: string, image: TestImage): Promise<void> {
  for (const blob of [image.config, ...image.layers]) await uploadBlob(base, name, blob)
  await uploadManifest(base, `${name}/manifests/${tag}`, image.manifest, image.mediaType)
}

export async function uploadBlob(base: string, name: string, blob: Blob): Promise<void> {
  const begun = await fetch(`${base}/v2/${name}/blobs/uploads/`, { method: 'POST' })
  const location = new URL(begun.headers.get('location') ?? '', base)
  location.searchParams.set('digest', blob.digest)
  const done = await fetch(location, { method: 'PUT', body: new Uint8Array(blob.bytes) })
  if (done.status !== 201) throw new Error(`upload: ${done.status} ${await done.text()}`)
}

export async function uploadManifest(base: string, path: string, manifest: Blob, mediaType: string): Promise<void> {
  const done = await fetch(`${base}/v2/${path}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: new Uint8Array(manifest.bytes),
  })
  if (done.status !== 201) throw new Error(`manifest: ${done.status} ${await done.text()}`)
}
