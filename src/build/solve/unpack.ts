import { createReadStream, readSync, openSync, closeSync, type ReadStream } from 'node:fs'
import { decompressed } from '#content/layers/decompress.ts'
import { extractInto } from '#content/layers/extract.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { makeInRoot } from '#host/files/make-in-root.ts'
import { openDirectoryInRoot } from '#host/files/open-in-root.ts'
import { filter } from '#host/process/filter.ts'
import { compressionOf, isTar } from '../context/archive-head.ts'

/** Whether `ADD` unpacks a file: a tar, or one that is compressed. */
export async function isArchive(path: string): Promise<boolean> {
  const head = headOf(path, 512)
  if (isTar(head)) return true
  if (compressionOf(head) === undefined) return false
  // Anything may be compressed: what is not a tar inside is copied as it is.
  for await (const chunk of plain(path)) return isTar(chunk)
  return false
}

/**
 * Unpacks an archive into `destination`, which is made when it is missing, and leads nowhere outside it; owners are those of the
 * archive. Throws `invalid`.
 */
export async function unpackArchive(archive: string, root: string, destination: string): Promise<void> {
  using tree = OpenDirectory.at(root)
  const base = destination.slice(1)
  makeInRoot(tree, base, 'directory')
  using place = openDirectoryInRoot(tree, base)
  await extractInto(plain(archive), { root: place, base: '', rules: { changesRoot: false } })
}

async function* plain(path: string): AsyncGenerator<Buffer> {
  using file = closing(createReadStream(path, { highWaterMark: 1 << 20 }))
  const { program, debian = '' } = compressionOf(headOf(path, 8)) ?? {}
  yield* program === undefined ? await decompressed(file.stream) : filter(program, ['-dc'], file.stream, debian)
}

function closing(stream: ReadStream): Disposable & { readonly stream: ReadStream } {
  return { stream, [Symbol.dispose]: () => stream.destroy() }
}

function headOf(path: string, length: number): Buffer {
  const head = Buffer.alloc(length)
  const fd = openSync(path, 'r')
  try {
    return head.subarray(0, readSync(fd, head))
  } finally {
    closeSync(fd)
  }
}
