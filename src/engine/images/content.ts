import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { hexOf, parseDigest, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { single } from '#content/blobs/single.ts'
import { peek } from '#content/layers/peek.ts'
import { layerMediaType, mediaTypes } from '#content/manifests/media-types.ts'
import type { Store } from '#store/store.ts'

/** What this room needs of the blobs. */
export interface Blobs {
  put(source: AsyncIterable<Uint8Array>, expected?: { digest?: Digest; size?: number }): Promise<{ digest: Digest; size: number }>
  has(digest: Digest): boolean | Promise<boolean>
  read(digest: Digest): Promise<Buffer>
  /** From byte `start` on. */
  stream(digest: Digest, start?: number): Readable
  remove(digest: Digest): void | Promise<void>
  list(): readonly Digest[]
}

/** What this room needs of the unpacked layers. */
export interface Layers {
  /** Durable only after `sync`. Throws `invalid` and keeps nothing when it isn't the layer `expected`. */
  add(source: AsyncIterable<Uint8Array>, expected?: Digest): Promise<{ diffId: Digest; size: number }>
  /** As `add`, for a plain archive that is kept nowhere else; `archive`: its bytes. */
  addArchive(source: AsyncIterable<Uint8Array>, expected?: Digest): Promise<{ diffId: Digest; size: number; archive: number }>
  /** The archive of a layer that was made here or came with `addArchive`, to the byte as its digest was made. */
  pack(diffId: Digest): AsyncIterable<Uint8Array>
  path(diffId: Digest): string
  has(diffId: Digest): boolean | Promise<boolean>
  size(diffId: Digest): number | Promise<number>
  remove(diffId: Digest): void | Promise<void>
  list(): readonly Digest[]
  /** All layers are on disk when it resolves. */
  sync(): Promise<void>
}

/** A layer as it arrived: what `save` and push send. A plain one need not be stored, as its files give it again. */
export interface LayerBlob {
  readonly digest: Digest
  readonly size: number
  readonly mediaType: string
}

export interface AddedLayer {
  readonly diffId: Digest
  /** Bytes, unpacked. */
  readonly size: number
  readonly blob: { readonly digest: Digest; readonly size: number }
}

/** A blob that comes from elsewhere. */
export interface Arriving {
  readonly digest: Digest
  readonly size: number
  /** From the start, as they come; verified at the end. */
  bytes(): AsyncIterable<Uint8Array>
  head(): Promise<Buffer>
  commit(): Promise<void>
}

/** A document beside an image: the `manifest` under which it came, or its `composition` (see composition.ts). */
export interface Beside {
  readonly bytes: Buffer
  readonly mediaType: string
}

export type BesideKind = 'manifest' | 'composition'

const blobPrefix = '/images/layer/'
/** For a layer that came uncompressed: the compressed blob that was made of it. */
const packedPrefix = '/images/packed/'
const besidePrefixes: Readonly<Record<BesideKind, string>> = { manifest: '/images/manifest/', composition: '/images/composition/' }
const prefixes = [blobPrefix, packedPrefix, ...Object.values(besidePrefixes)]

/** Layers in both forms: unpacked for overlayfs, and the blob they came in. */
export class ImageContent {
  readonly blobs: Blobs
  readonly layers: Layers
  readonly #store: Store
  #adding = 0
  #sweep: Promise<void> = Promise.resolve()
  readonly #doomed = new Map<Digest, () => boolean>()
  readonly #needed: (digest: Digest) => boolean
  #littered = false

  /** `needed` tells whether an image, a build's cache or anything else names a layer or configuration. */
  constructor(parts: {
    readonly store: Store
    readonly blobs: Blobs
    readonly layers: Layers
    readonly needed: (digest: Digest) => boolean
  }) {
    this.#store = parts.store
    this.blobs = parts.blobs
    this.layers = parts.layers
    this.#needed = parts.needed
  }

  /**
   * Runs what adds layers. Nothing is removed meanwhile, because adding a layer that is there already finds it and
   * writes nothing: it must not vanish before an image names it. What a failed task leaves is collected after it.
   */
  async whileAdding<T>(task: () => Promise<T>): Promise<T> {
    this.#adding++
    try {
      await this.#sweep
      return await task()
    } catch (error) {
      this.#littered = true
      throw error
    } finally {
      this.#adding--
      // What could not be removed, as from a full disk, is with the next one.
      this.#start().catch(() => undefined)
    }
  }

  /**
   * Unpacks a layer that arrives, and if it is compressed stores it too, at once. Throws `invalid` when it isn't as `expected`.
   * Call within `whileAdding`.
   */
  async addStream(source: AsyncIterable<Uint8Array>, expected?: { digest?: Digest; size?: number }): Promise<AddedLayer> {
    const { head, whole } = await peek(source, 4)
    const mediaType = layerMediaType(head)
    const added = mediaType === mediaTypes.ociLayer ? await this.#addPlain(whole, expected) : await this.#addPacked(whole, expected)
    await this.#remember(added.diffId, { ...added.blob, mediaType })
    return added
  }

  async #addPlain(source: AsyncIterable<Uint8Array>, expected?: { digest?: Digest; size?: number }): Promise<AddedLayer> {
    const { diffId, size, archive } = await this.layers.addArchive(source, expected?.digest)
    if (expected?.size !== undefined && expected.size !== archive)
      throw new GalleyError('invalid', `layer has ${archive} bytes instead of ${expected.size}`, { code: 'blob.size' })
    return { diffId, size, blob: { digest: diffId, size: archive } }
  }

  async #addPacked(source: AsyncIterable<Uint8Array>, expected?: { digest?: Digest; size?: number }): Promise<AddedLayer> {
    const [forBlob, forLayer] = [new PassThrough({ highWaterMark: 1 << 20 }), new PassThrough({ highWaterMark: 1 << 20 })]
    const fork = pipeline(Readable.from(forked(source, forLayer)), forBlob)
    const work = [this.blobs.put(forBlob, expected), this.layers.add(forLayer), fork] as const
    try {
      const [blob, layer] = await Promise.all(work)
      return { ...layer, blob }
    } catch (error) {
      forBlob.destroy()
      forLayer.destroy()
      throw causeOf(await Promise.allSettled(work)) ?? error
    }
  }

  /** Unpacks a layer while its blob arrives. Throws `invalid` when it isn't the layer `expected`. Call within `whileAdding`. */
  async addArriving(arrival: Arriving, expected: Digest): Promise<void> {
    await this.layers.add(arrival.bytes(), expected)
    const head = await arrival.head()
    await arrival.commit()
    await this.#remember(expected, { digest: arrival.digest, size: arrival.size, mediaType: layerMediaType(head) })
  }

  /** Unpacks a layer whose blob is stored. Throws `invalid` when it isn't the layer `expected`. Call within `whileAdding`. */
  async addBlob(digest: Digest, size: number, expected?: Digest): Promise<{ diffId: Digest; size: number }> {
    const known =
      expected !== undefined && (await this.layers.has(expected)) ? { diffId: expected, size: await this.layers.size(expected) } : undefined
    const layer = known ?? (await this.layers.add(this.blobs.stream(digest), expected))
    await this.#remember(layer.diffId, { digest, size, mediaType: layerMediaType(await this.#head(digest)) })
    return layer
  }

  /** Whether a layer is here in both forms. */
  async hasLayer(diffId: Digest): Promise<boolean> {
    return (await this.layers.has(diffId)) && (await this.#store.get(blobPrefix + hexOf(diffId))) !== undefined
  }

  /** The blob that a layer is, or would be if it were stored; `bytes` gives it. Throws `not found`. */
  async blobOf(diffId: Digest): Promise<LayerBlob> {
    const entry = await this.#store.get(blobPrefix + hexOf(diffId))
    if (entry === undefined) return this.#measured(diffId)
    const { digest, ...rest } = JSON.parse(entry.value) as LayerBlob
    return { digest: parseDigest(digest), ...rest }
  }

  /** A blob's bytes from byte `start` on. A plain layer that isn't stored is put together from its files: see `Layers.pack`. */
  async *bytes({ digest }: Pick<LayerBlob, 'digest'>, start = 0): AsyncGenerator<Uint8Array> {
    if (await this.blobs.has(digest)) yield* this.blobs.stream(digest, start) as AsyncIterable<Uint8Array>
    else yield* from(start, this.layers.pack(digest))
  }

  /** A layer's plain archive; how long it is, is known from then on. */
  async *packed(diffId: Digest): AsyncGenerator<Uint8Array> {
    let size = 0
    for await (const chunk of this.layers.pack(diffId)) {
      size += chunk.length
      yield chunk
    }
    await this.#remember(diffId, { digest: diffId, size, mediaType: mediaTypes.ociLayer })
  }

  /** The blob that a registry gets for a layer: as it came, but a plain one packed, once for all. Throws `not found`. Call within `whileAdding`. */
  async packedBlobOf(diffId: Digest): Promise<LayerBlob> {
    const blob = await this.blobOf(diffId)
    if (blob.mediaType !== mediaTypes.ociLayer) return blob
    const key = packedPrefix + hexOf(diffId)
    const known = await this.#store.get(key)
    if (known !== undefined) return JSON.parse(known.value) as LayerBlob
    const packed = await this.blobs.put(Readable.from(this.bytes(blob)).compose(createGzip()) as AsyncIterable<Buffer>)
    const made: LayerBlob = { ...packed, mediaType: mediaTypes.ociLayerGzip }
    await this.#store.txn({ then: [{ put: key, value: JSON.stringify(made) }] })
    return made
  }

  /** Keeps a document beside an image: the manifest, so that the image can go elsewhere under the same digest. Call within `whileAdding`. */
  async keep(kind: BesideKind, image: Digest, { bytes, mediaType }: Beside): Promise<void> {
    const { digest } = await this.blobs.put(single(bytes))
    const key = besidePrefixes[kind] + hexOf(image)
    // The bytes of the one before go with the next collection.
    if ((await this.#store.get(key)) !== undefined) this.#littered = true
    await this.#store.txn({ then: [{ put: key, value: JSON.stringify({ digest, mediaType }) }] })
  }

  async kept(kind: BesideKind, image: Digest): Promise<Beside | undefined> {
    const entry = await this.#store.get(besidePrefixes[kind] + hexOf(image))
    if (entry === undefined) return undefined
    const { digest, mediaType } = JSON.parse(entry.value) as { digest: string; mediaType: string }
    return { bytes: await this.blobs.read(parseDigest(digest)), mediaType }
  }

  /** Its bytes go with the next collection. */
  async forget(kind: BesideKind, image: Digest): Promise<void> {
    const key = besidePrefixes[kind] + hexOf(image)
    if ((await this.#store.get(key)) === undefined) return
    await this.#store.txn({ then: [{ delete: key }] })
    this.#littered = true
  }

  /** Removes layers and configurations that are no longer `needed` once nothing is being added; asks again just before. */
  async discard(digests: readonly Digest[], needed: (digest: Digest) => boolean): Promise<void> {
    for (const digest of digests) this.#doomed.set(digest, () => needed(digest))
    await this.#start()
  }

  /** Removes every layer and blob that nothing names: what a crash, or a task that failed, left. Waits until nothing is being added. */
  collect(): Promise<void> {
    this.#littered = true
    return this.#start()
  }

  #start(): Promise<void> {
    if (this.#adding > 0 || (this.#doomed.size === 0 && !this.#littered)) return Promise.resolve()
    const sweep = this.#sweep.then(() => this.#removeDoomed())
    // Whoever waits for it to be over must not fail with it.
    this.#sweep = sweep.catch(() => {
      this.#littered = true
    })
    return sweep
  }

  async #removeUnnamed(): Promise<void> {
    this.#littered = false
    for (const layer of this.layers.list()) if (!this.#needed(layer)) await this.#remove(layer)
    const named = await this.#namedBlobs()
    for (const blob of this.blobs.list()) if (!named.has(blob) && !this.#needed(blob)) await this.blobs.remove(blob)
  }

  /** The blobs that records name; records of what is gone are dropped on the way. */
  async #namedBlobs(): Promise<ReadonlySet<Digest>> {
    const named = new Set<Digest>()
    for (const prefix of prefixes) {
      for (const { key, value } of (await this.#store.list(prefix)).entries) {
        if (this.#needed(parseDigest(`sha256:${key.slice(prefix.length)}`))) named.add((JSON.parse(value) as { digest: Digest }).digest)
        else await this.#store.txn({ then: [{ delete: key }] })
      }
    }
    return named
  }

  async #removeDoomed(): Promise<void> {
    const doomed = [...this.#doomed]
    this.#doomed.clear()
    for (const [digest, needed] of doomed) if (!needed()) await this.#remove(digest)
    if (this.#littered) await this.#removeUnnamed()
  }

  /** A layer with its blobs, or an image's configuration with what lies beside it. */
  async #remove(digest: Digest): Promise<void> {
    const keys = prefixes.map((prefix) => prefix + hexOf(digest))
    const [layer, ...others] = await Promise.all(keys.map((key) => this.#store.get(key)))
    await this.#store.txn({ then: keys.map((key) => ({ delete: key })) })
    if (await this.layers.has(digest)) await this.layers.remove(digest)
    const named = [layer, ...others].flatMap((entry) =>
      entry === undefined ? [] : [(JSON.parse(entry.value) as { digest: Digest }).digest],
    )
    const blobs = layer === undefined ? [digest, ...named] : named
    for (const blob of blobs) if (!this.#needed(blob) && (await this.blobs.has(blob))) await this.blobs.remove(blob)
  }

  /** A layer that was made here tells how long its archive is only when it is packed. */
  async #measured(diffId: Digest): Promise<LayerBlob> {
    if (!(await this.layers.has(diffId))) throw new GalleyError('not found', `layer ${diffId} is not here`, { code: 'layer.no-blob' })
    let size = 0
    for await (const chunk of this.packed(diffId)) size += chunk.length
    return { digest: diffId, size, mediaType: mediaTypes.ociLayer }
  }

  async #remember(diffId: Digest, blob: LayerBlob): Promise<void> {
    const key = blobPrefix + hexOf(diffId)
    await this.#store.txn({ when: [{ key, modified: 0 }], then: [{ put: key, value: JSON.stringify(blob) }] })
  }

  async #head(digest: Digest): Promise<Buffer> {
    for await (const chunk of this.blobs.stream(digest)) return chunk as Buffer
    return Buffer.alloc(0)
  }
}

/** The failure that came first in the chain: streams that were cut off because of it say nothing of it. */
function causeOf(results: readonly PromiseSettledResult<unknown>[]): unknown {
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as NodeJS.ErrnoException] : []))
  return errors.find(({ code = '' }) => !['ABORT_ERR', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(code))
}

async function* from(start: number, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let skip = start
  for await (const chunk of source) {
    if (skip < chunk.length) yield chunk.subarray(skip)
    skip = Math.max(0, skip - chunk.length)
  }
}

/** Yields the source's chunks and writes each to `copy` too, at the pace of the slower reader. */
async function* forked(source: AsyncIterable<Uint8Array>, copy: PassThrough): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source) {
      if (!copy.destroyed && !copy.writableEnded && !copy.write(chunk)) await drained(copy)
      yield chunk
    }
    copy.end()
  } catch (error) {
    copy.destroy(error as Error)
    throw error
  }
}

function drained(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}
