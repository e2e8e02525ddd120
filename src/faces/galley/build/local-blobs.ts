import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { largestManifest } from '#content/manifests/manifest.ts'
import type { BlobStore } from '#faces/buildkit/client.ts'
import type { LocalParts } from './asked.ts'

/** A directory of this machine that is laid out as an OCI image layout (OCI image-spec, image-layout.md); its index is the client's own. */
export class LocalBlobs implements BlobStore {
  readonly #directory: string
  readonly #owner: LocalParts['owner']

  constructor(directory: string, owner: LocalParts['owner']) {
    this.#directory = directory
    this.#owner = owner
  }

  async *read(digest: Digest): AsyncGenerator<Buffer, void> {
    const hash = createHash('sha256')
    for await (const data of createReadStream(this.#there(digest)) as AsyncIterable<Buffer>) {
      hash.update(data)
      yield data
    }
    if (`sha256:${hash.digest('hex')}` !== digest)
      throw new GalleyError('invalid', `${this.#path(digest)} has other bytes than those of its digest`, { subject: digest })
  }

  async readWhole(digest: Digest): Promise<Buffer> {
    const path = this.#there(digest)
    if (statSync(path).size > largestManifest)
      throw new GalleyError('too large', `${digest} is no manifest: it is too large`, { subject: digest })
    const bytes = readFileSync(path)
    if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest)
      throw new GalleyError('invalid', `${path} has other bytes than those of its digest`, { subject: digest })
    return bytes
  }

  async write(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<{ digest: Digest; size: number }> {
    this.#makeDirectories()
    const partial = `${this.#directory}/blobs/sha256/.${randomUUID()}`
    const file = createWriteStream(partial, { flags: 'wx', mode: 0o644 })
    const hash = createHash('sha256')
    let size = 0
    try {
      for await (const chunk of bytes) {
        hash.update(chunk)
        size += chunk.length
        if (!file.write(chunk)) await once(file, 'drain')
      }
      file.end()
      await once(file, 'finish')
      const digest: Digest = `sha256:${hash.digest('hex')}`
      this.#give(partial)
      renameSync(partial, this.#path(digest))
      return { digest, size }
    } catch (error) {
      file.destroy()
      if (existsSync(partial)) unlinkSync(partial)
      throw error
    }
  }

  #there(digest: Digest): string {
    const path = this.#path(digest)
    if (existsSync(path)) return path
    throw new GalleyError('not found', `${path} is not there`, { subject: digest })
  }

  #path(digest: Digest): string {
    return `${this.#directory}/blobs/${digest.replace(':', '/')}`
  }

  #makeDirectories(): void {
    for (const path of [this.#directory, `${this.#directory}/blobs`, `${this.#directory}/blobs/sha256`]) {
      if (existsSync(path)) continue
      mkdirSync(path, { recursive: true, mode: 0o755 })
      this.#give(path)
    }
  }

  #give(path: string): void {
    chownSync(path, this.#owner.uid, this.#owner.gid)
  }
}
