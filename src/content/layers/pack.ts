import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, type Stats } from 'node:fs'
import { deviceNumbers } from '#host/files/device.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { isOpaque, layerAttributes } from './attributes.ts'
import { Chunks } from './chunks.ts'
import { padding, tarEnd, tarHeader, type Member } from './header.ts'
import type { EntryType } from './tar-fields.ts'

export interface PackOptions {
  /** Put before every name, such as `etc/`; empty by default. */
  readonly prefix?: string
  /** Whether to pack an entry, by its path below the directory (bytes as latin1); what is below a left-out directory is left out too. */
  readonly includes?: (path: string) => boolean
  /** Keeps fractions of seconds, which Docker's own archives don't have. */
  readonly fractions?: boolean
}

/**
 * Packs what lies below a directory as a tar: names in the order of their bytes, owners, modes, times, attributes, devices
 * and hard links as they are; sockets are left out, as tar has no form for them. Links are never followed, and whoever
 * changes the tree meanwhile leads the packer nowhere else: a file that grows or shrinks keeps the announced size.
 */
export async function* packTree(directory: string | OpenDirectory, options: PackOptions = {}): AsyncGenerator<Buffer> {
  yield* new Packer(options, false).all(directory)
}

/** A directory whose content has a place below others: `name` is put before it, with a directory of this name when it is not empty. */
export interface Branch {
  readonly name: string
  readonly directory: string
}

/** As `packTree`, for several directories in one tar. */
export async function* packBranches(branches: readonly Branch[], options: Pick<PackOptions, 'fractions'> = {}): AsyncGenerator<Buffer> {
  for (const { name, directory } of branches) {
    using root = OpenDirectory.at(directory)
    yield* new Packer({ ...options, prefix: name === '' ? '' : `${name}/` }, false).branch(root, name !== '')
  }
  yield tarEnd
}

/**
 * Packs an overlay's upper directory as a layer (OCI image-spec, layer.md): 0:0 devices become whiteouts, opaque
 * directories are marked.
 */
export async function* packLayer(upper: string, options: PackOptions = {}): AsyncGenerator<Buffer> {
  yield* new Packer(options, true).all(upper)
}

/** As `packTree`, with a member for the directory itself, named `as`, which begins all names below. */
export async function* packDirectory(directory: OpenDirectory, as: string): AsyncGenerator<Buffer> {
  yield* new Packer({ prefix: as.endsWith('/') ? as : `${as}/` }, false).whole(directory)
}

/** As `packTree`, for the one entry `name` of a directory, and under the name `as`. */
export async function* packEntry(directory: OpenDirectory, name: string, as: string): AsyncGenerator<Buffer> {
  yield* new Packer({}, false).one(directory, name, as)
}

class Packer {
  readonly #options: PackOptions
  readonly #layer: boolean
  /** First names of files that have more than one, by device and inode. */
  readonly #links = new Map<string, string>()
  readonly #chunks = new Chunks()

  constructor(options: PackOptions, layer: boolean) {
    this.#options = options
    this.#layer = layer
  }

  *all(directory: string | OpenDirectory): Generator<Buffer> {
    if (typeof directory === 'string') {
      using root = OpenDirectory.at(directory)
      yield* this.#below(root, '')
    } else yield* this.#below(directory, '')
    yield* this.#end()
  }

  *whole(directory: OpenDirectory): Generator<Buffer> {
    yield* this.#chunks.put(tarHeader(this.#member(directory.path('.'), '', lstatSync(directory.path('.')))))
    yield* this.all(directory)
  }

  /** Without the archive's end. */
  *branch(directory: OpenDirectory, itself: boolean): Generator<Buffer> {
    if (itself) yield* this.#chunks.put(tarHeader(this.#member(directory.path('.'), '', lstatSync(directory.path('.')))))
    yield* this.#below(directory, '')
    yield* this.#chunks.flush()
  }

  *one(directory: OpenDirectory, name: string, as: string): Generator<Buffer> {
    yield* this.#entry(directory, name, as)
    yield* this.#end()
  }

  *#end(): Generator<Buffer> {
    yield* this.#chunks.put(tarEnd)
    yield* this.#chunks.flush()
  }

  *#below(directory: OpenDirectory, path: string): Generator<Buffer> {
    for (const name of directory.names()) yield* this.#entry(directory, name, path + name)
  }

  *#entry(directory: OpenDirectory, name: string, path: string): Generator<Buffer> {
    if (this.#options.includes?.(path) === false) return
    const at = directory.path(name)
    const stat = lstatSync(at, { throwIfNoEntry: false })
    if (stat === undefined || stat.isSocket()) return
    if (this.#layer && stat.isCharacterDevice() && stat.rdev === 0) yield* this.#chunks.put(tarHeader(whiteout(path, '', stat)))
    else if (stat.isDirectory()) yield* this.#directory(directory, name, path)
    else if (stat.isFile()) yield* this.#file(at, path)
    else yield* this.#chunks.put(tarHeader(this.#member(at, path, stat)))
  }

  *#directory(parent: OpenDirectory, name: string, path: string): Generator<Buffer> {
    using directory = openUnlessGone(parent, name)
    if (directory === undefined) return
    const stat = fstatSync(directory.fd)
    yield* this.#chunks.put(tarHeader({ ...this.#member(directory.path('.'), path, stat), path: `${this.#options.prefix ?? ''}${path}/` }))
    if (this.#layer && isOpaque(directory.path('.'))) yield* this.#chunks.put(tarHeader(whiteout(`${path}/`, '.wh..opq', stat)))
    yield* this.#below(directory, `${path}/`)
  }

  *#file(at: Buffer, path: string): Generator<Buffer> {
    const fd = openRegular(at)
    if (fd === undefined) return
    try {
      const stat = fstatSync(fd)
      const first = this.#firstName(stat, path)
      if (first !== undefined) {
        yield* this.#chunks.put(tarHeader({ ...this.#member(at, path, stat), type: 'link', target: first, size: 0, xattrs: new Map() }))
        return
      }
      yield* this.#chunks.put(tarHeader(this.#member(at, path, stat)))
      yield* this.#chunks.file(fd, stat.size)
      yield* this.#chunks.put(padding(stat.size))
    } finally {
      closeSync(fd)
    }
  }

  /** The name under which the same file is packed already. */
  #firstName(stat: Stats, path: string): string | undefined {
    if (stat.nlink < 2) return undefined
    const key = `${stat.dev}:${stat.ino}`
    const first = this.#links.get(key)
    if (first === undefined) this.#links.set(key, (this.#options.prefix ?? '') + path)
    return first
  }

  #member(at: Buffer, path: string, stat: Stats): Member {
    const type = typeOf(stat)
    const device = type === 'character' || type === 'block'
    return {
      type,
      path: (this.#options.prefix ?? '') + path,
      target: type === 'symlink' ? readlinkSync(at, 'latin1') : '',
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      size: type === 'file' ? stat.size : 0,
      mtime: this.#options.fractions === true ? stat.mtimeMs / 1000 : Math.floor(stat.mtimeMs / 1000),
      ...(device ? deviceNumbers(stat.rdev) : { major: 0, minor: 0 }),
      xattrs: layerAttributes(at),
    }
  }
}

/** A marker beside or in what it hides: `.wh.name`, `.wh..wh..opq`. */
function whiteout(path: string, suffix: string, stat: Stats): Member {
  const slash = path.lastIndexOf('/') + 1
  return {
    type: 'file',
    path: `${path.slice(0, slash)}.wh.${path.slice(slash)}${suffix}`,
    target: '',
    mode: 0o600,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: Math.floor(stat.mtimeMs / 1000),
    major: 0,
    minor: 0,
  }
}

function typeOf(stat: Stats): EntryType {
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isFIFO()) return 'fifo'
  if (stat.isCharacterDevice()) return 'character'
  return stat.isBlockDevice() ? 'block' : 'file'
}

/** Undefined for what has become something else since it was listed. */
function openUnlessGone(parent: OpenDirectory, name: string): OpenDirectory | undefined {
  try {
    return parent.open(name)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

function openRegular(path: Buffer): number | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants
  try {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    if (fstatSync(fd).isFile()) return fd
    closeSync(fd)
    return undefined
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
