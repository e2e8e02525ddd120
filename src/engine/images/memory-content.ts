import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { digestOf, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import type { Blobs, Layers } from './content.ts'

/** Blobs and layers in memory, for tests that need no file system. A layer is only measured, not unpacked. */
export function memoryContent(): {
  readonly blobs: Blobs & { readonly all: Map<Digest, Buffer> }
  readonly layers: Layers & { readonly all: Map<Digest, number> }
} {
  const blobs = new Map<Digest, Buffer>()
  const layers = new Map<Digest, number>()
  const archives = new Map<Digest, Buffer>()
  const add: Layers['add'] = async (source, expected) => {
    const bytes = await collect(source)
    const plain = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes
    if (plain.includes('not an archive')) throw new GalleyError('invalid', 'not an archive')
    const diffId = digestOf(plain)
    if (expected !== undefined && expected !== diffId) throw new GalleyError('invalid', 'a layer unpacks to another one')
    layers.set(diffId, plain.length)
    return { diffId, size: plain.length }
  }
  return {
    blobs: {
      all: blobs,
      async put(source, expected) {
        const bytes = await collect(source)
        const digest = digestOf(bytes)
        if (expected?.digest !== undefined && expected.digest !== digest) throw new GalleyError('invalid', 'digest mismatch')
        blobs.set(digest, bytes)
        return { digest, size: bytes.length }
      },
      has: (digest) => blobs.has(digest),
      read: async (digest) => kept(blobs.get(digest), digest),
      stream: (digest, start = 0) => Readable.from([kept(blobs.get(digest), digest).subarray(start)]),
      remove: (digest) => void blobs.delete(digest),
      list: () => [...blobs.keys()],
    },
    layers: {
      all: layers,
      add,
      async addArchive(source, expected) {
        const bytes = await collect(source)
        const layer = await add(Readable.from([bytes]), expected)
        archives.set(layer.diffId, bytes)
        return { ...layer, archive: bytes.length }
      },
      pack: (diffId) => Readable.from([kept(archives.get(diffId), diffId)]),
      path: (diffId) => `/layers/${diffId}`,
      has: (diffId) => layers.has(diffId),
      size: (diffId) => kept(layers.get(diffId), diffId),
      remove: (diffId) => void layers.delete(diffId),
      list: () => [...layers.keys()],
      sync: async () => undefined,
    },
  }
}

function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return buffer(Readable.from(source))
}

function kept<T>(value: T | undefined, digest: Digest): T {
  if (value === undefined) throw new GalleyError('not found', `no ${digest}`)
  return value
}
