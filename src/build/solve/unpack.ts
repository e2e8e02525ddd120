import { createReadStream, lchownSync, readSync, openSync, closeSync, type ReadStream } from 'node:fs'
import { kindOf } from '#base/error.ts'
import { decompressed } from '#content/layers/decompress.ts'
import { extractInto } from '#content/layers/extract.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { makeInRoot } from '#host/files/make-in-root.ts'
import { isInRoot, openDirectoryInRoot } from '#host/files/open-in-root.ts'
import { filter } from '#host/process/filter.ts'
import { compressionOf, isTar } from '../context/archive-head.ts'
import type { Owner } from './copy-files.ts'

/** Whether `ADD` unpacks a file: a tar, or one that is compressed. */
export async function isArchive(path: string): Promise<boolean> {
  const head = headOf(path, 512)
  if (isTar(head)) return true
  if (compressionOf(head) === undefined) return false
  // Anything may be compressed: what is not a tar inside is copied as it is.
  try {
    let begun = Buffer.alloc(0)
    for await (const chunk of plain(path)) {
      begun = Buffer.concat([begun, chunk])
      if (begun.length >= 512) break
    }
    return isTar(begun)
  } catch (error) {
    // It only begins as if it were compressed.
    if (isDamaged(error)) return false
    throw error
  }
}

/** What is no compressed data, whatever undoes it. */
function isDamaged(error: unknown): boolean {
  return kindOf(error) === 'invalid' || /^(Z_|ZSTD_)/.test(String((error as { readonly code?: unknown } | null)?.code))
}

/**
 * Unpacks an archive into `destination`, which is made when it is missing, and leads nowhere outside it; without an owner, owners are
 * those of the archive. Throws `invalid`.
 */
export async function unpackArchive(
  archive: string,
  root: string,
  { destination, owner }: { readonly destination: string; readonly owner: Owner | undefined },
): Promise<void> {
  using tree = OpenDirectory.at(root)
  const base = destination.slice(1)
  const isThere = isInRoot(tree, base)
  makeInRoot(tree, base, 'directory')
  using place = openDirectoryInRoot(tree, base)
  if (!isThere && owner !== undefined) lchownSync(place.path('.'), owner.uid, owner.gid)
  await extractInto(plain(archive), { root: place, base: '', rules: { changesRoot: false, owner } })
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
