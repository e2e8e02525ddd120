import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { OpenDirectory } from '#host/files/directory.ts'
import type { ScannedFile } from '#sbom/model.ts'

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** The regular files of a tree, in the order of their names. No link is followed; a file can be read until the next one is asked for. */
export function* filesOf(root: string): Generator<ScannedFile> {
  using directory = OpenDirectory.at(root)
  yield* below(directory, '')
}

function* below(directory: OpenDirectory, path: string): Generator<ScannedFile> {
  for (const entry of directory.entries()) {
    const name = path + entry.name
    if (entry.isDirectory()) {
      using inner = directory.open(entry.name)
      yield* below(inner, `${name}/`)
    } else if (entry.isFile()) {
      yield* opened(directory.path(entry.name), name)
    }
  }
}

function* opened(at: Buffer, path: string): Generator<ScannedFile> {
  let fd: number | undefined
  const open = (): number => (fd ??= openSync(at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
  const sizeOf = (): number => fstatSync(open()).size
  const read = (start = 0, length = sizeOf()): Buffer => {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, sizeOf() - start)))
    let filled = 0
    for (let count = -1; filled < bytes.length && count !== 0; filled += count)
      count = readSync(open(), bytes, filled, bytes.length - filled, start + filled)
    return bytes.subarray(0, filled)
  }
  try {
    yield {
      path: Buffer.from(path, 'latin1').toString('utf8'),
      get size() {
        return sizeOf()
      },
      read,
    }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
