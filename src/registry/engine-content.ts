import { single } from '#content/blobs/single.ts'
import type { BlobStore } from '#content/blobs/store.ts'
import type { Images } from '#engine/images/images.ts'
import type { SharedContent } from './registry.ts'

/** The engine's content, as the registry serves it: nothing is copied, and plain layers are put together from their files. */
export function engineContent(images: Images, blobs: BlobStore): SharedContent {
  const { content } = images
  return {
    whileAdding: (task) => content.whileAdding(task),
    has: (digest) => blobs.has(digest) || content.layers.has(digest) === true,
    isStored: (digest) => blobs.has(digest),
    size: (digest) => blobs.size(digest),
    bytes: (digest, start, end) =>
      blobs.has(digest) ? blobs.pieces(digest, start, end) : upTo(end - start, content.bytes({ digest }, start)),
    read: (digest) => blobs.read(digest),
    put: (bytes) => blobs.put(single(bytes)),
    take: (path, digest) => blobs.take(path, digest),
    collect: () => content.collect(),
  }
}

async function* upTo(length: number, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = length
  for await (const chunk of source) {
    const part = chunk.subarray(0, left)
    left -= part.length
    // The last byte may go out only when the whole was verified, which is at the source's end.
    if (part.length > 0) yield part
  }
}
