import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { GalleyError, makeRoom, reasonOf } from '#base/error.ts'
import { createIn } from '#host/files/create-in.ts'
import type { OpenDirectory } from '#host/files/directory.ts'
import { makeInRoot } from '#host/files/make-in-root.ts'
import { O_PATH, openDirectoryInRoot, openInRoot } from '#host/files/open-in-root.ts'
import { removeIn } from '#host/files/remove-in.ts'
import { makeNode, setAttribute } from '#host/files/special.ts'
import { SystemCallError } from '#host/kernel/library.ts'
import type { TarSink } from './decode.ts'
import type { SparseMap } from './sparse.ts'
import type { TarEntry } from './tar-fields.ts'

const { O_NOFOLLOW, O_RDONLY, O_DIRECTORY } = constants
const mostOpen = 64

/** The file that the current member's body goes to. */
interface OpenFile {
  readonly fd: number
  readonly entry: TarEntry
  readonly path: Buffer
  readonly sparse: SparseMap | undefined
  readonly directory: OpenDirectory
  readonly name: string
}

/** How an archive's members are put down; each of the two kinds of tree has its own. */
export interface TreeRules {
  /** Takes a member over, such as a whiteout, in place of making an entry of it. */
  handles?(entry: TarEntry, directory: OpenDirectory, name: string): boolean
  /** Before something that is there gives way to a member. */
  replaces?(entry: TarEntry, directory: OpenDirectory, name: string): void
  /** Once a directory is there. */
  made?(entry: TarEntry, directory: OpenDirectory, name: string): void
  /** In place of the owners that the archive tells. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
  /** Whether nobody else reaches the tree while it is written. */
  readonly isPrivate?: boolean
  /** Whether a member for the root itself changes its owner, mode and times. */
  readonly changesRoot: boolean
}

/**
 * Puts an archive's members into a tree. Each is reached through a directory that the kernel resolved inside `root`, and
 * made, chowned and chmodded without following anything, so that neither the archive nor whoever changes the tree
 * meanwhile leads a write out of it. `base` is the directory in `root` that the members' names start from.
 */
export class TreeWriter implements TarSink {
  readonly #root: OpenDirectory
  readonly #base: string
  readonly #rules: TreeRules
  readonly #open = new Map<string, OpenDirectory>()
  readonly #directories: { readonly path: string; readonly mtime: number }[] = []
  #file: OpenFile | undefined
  #piece = 0
  #inPiece = 0
  /** Bytes of all files. */
  size = 0

  constructor(root: OpenDirectory, base: string, rules: TreeRules) {
    this.#root = root
    this.#base = base
    this.#rules = rules
  }

  /** Where the current member's body goes; undefined when it goes nowhere. */
  get writing(): { readonly directory: OpenDirectory; readonly name: string } | undefined {
    return this.#file
  }

  begin(entry: TarEntry, sparse: SparseMap | undefined): void {
    const [parents, name] = split(entry.path)
    try {
      const directory = this.#parent(parents)
      if (name === undefined) {
        if (entry.type === 'directory' && this.#rules.changesRoot) this.#attributes(entry, directory, '.')
      } else if (this.#rules.handles?.(entry, directory, name) === true) return
      else if (entry.type === 'file') this.#beginFile(entry, sparse, { directory, name })
      else this.#make(entry, directory, name)
    } catch (error) {
      throw failure(error, entry.path)
    }
  }

  data(chunk: Buffer): void {
    const file = this.#file
    if (file === undefined) return
    try {
      if (file.sparse !== undefined) this.#writePieces(file.fd, chunk, file.sparse)
      else for (let at = 0; at < chunk.length;) at += writeSync(file.fd, chunk, at)
    } catch (error) {
      throw failure(error, file.entry.path)
    }
    this.size += chunk.length
  }

  end(): void {
    const file = this.#file
    if (file === undefined) return
    const { fd, entry, path, sparse } = file
    if (sparse !== undefined) ftruncateSync(fd, sparse.size)
    // Owner before mode and attributes, as a change of owner takes setuid bits and capabilities away.
    const made = fstatSync(fd)
    const { uid, gid } = this.#rules.owner ?? entry
    const isOwned = isOwnedBy(made, uid, gid)
    if (!isOwned) fchownSync(fd, uid, gid)
    if (!isOwned || permissions(made) !== entry.mode) fchmodSync(fd, entry.mode)
    setAttributes(path, entry)
    futimesSync(fd, entry.mtime, entry.mtime)
    this.#closeFile()
  }

  /** Directories' times come last, as everything put into one changes them. Call `close` in any case. */
  finish(): void {
    for (const { path, mtime } of this.#directories.toReversed()) {
      try {
        using directory = openInRoot(this.#root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        futimesSync(directory.fd, mtime, mtime)
      } catch (error) {
        // A later member took its place.
        if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      }
    }
  }

  close(): void {
    this.#closeFile()
    this.#forget()
  }

  #closeFile(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd)
    this.#file = undefined
  }

  #beginFile(entry: TarEntry, sparse: SparseMap | undefined, { directory, name }: { directory: OpenDirectory; name: string }): void {
    const path = directory.path(name)
    this.#piece = this.#inPiece = 0
    const fd = unlessThere(
      () => createIn(directory, name, this.#firstMode(entry, 0o600)),
      () => this.#clear(entry, directory, name),
    )
    this.#file = { fd, entry, path, sparse, directory, name }
  }

  /** With which permissions a file or directory is made: in a tree that others reach, only root's until it has its owner. */
  #firstMode({ mode }: TarEntry, closed: number): number {
    return this.#rules.isPrivate === true ? mode & 0o777 : closed
  }

  #writePieces(fd: number, chunk: Buffer, { segments }: SparseMap): void {
    for (let at = 0; at < chunk.length;) {
      const piece = segments[this.#piece]
      if (piece === undefined) return
      if (this.#inPiece === piece.length) {
        this.#piece++
        this.#inPiece = 0
        continue
      }
      const written = writeSync(fd, chunk, at, Math.min(chunk.length - at, piece.length - this.#inPiece), piece.offset + this.#inPiece)
      at += written
      this.#inPiece += written
    }
  }

  #make(entry: TarEntry, directory: OpenDirectory, name: string): void {
    const path = directory.path(name)
    const clear = (): void => this.#clear(entry, directory, name)
    switch (entry.type) {
      case 'directory':
        unlessThere(() => makeDirectory(path, this.#firstMode(entry, 0o777)), clear)
        this.#rules.made?.(entry, directory, name)
        break
      case 'link':
        unlessThere(() => this.#link(entry.target, path), clear)
        return
      case 'symlink':
        unlessThere(() => symlinkSync(Buffer.from(entry.target, 'latin1'), path), clear)
        break
      case 'fifo':
      case 'character':
      case 'block':
        {
          const { type, major, minor } = entry
          unlessThere(() => makeNode(path, type, major, minor), clear)
        }
        break
      case 'file':
        throw new TypeError('files have bodies')
    }
    this.#attributes(entry, directory, name)
  }

  /** The target's last part is taken as it is, never followed. */
  #link(target: string, path: Buffer): void {
    const [parents, name] = split(target)
    if (name === undefined) throw escapes(target)
    using directory = openDirectoryInRoot(this.#root, this.#at(parents))
    linkSync(directory.path(name), path)
  }

  #attributes(entry: TarEntry, directory: OpenDirectory, name: string): void {
    const path = directory.path(name)
    const made = lstatSync(path)
    const { uid, gid } = this.#rules.owner ?? entry
    const isOwned = isOwnedBy(made, uid, gid)
    if (!isOwned) lchownSync(path, uid, gid)
    if (entry.type !== 'symlink' && (!isOwned || permissions(made) !== entry.mode)) changeMode(path, entry.mode)
    setAttributes(path, entry)
    if (entry.type === 'directory') this.#directories.push({ path: this.#at(parts(entry.path)), mtime: entry.mtime })
    else lutimesSync(path, entry.mtime, entry.mtime)
  }

  #clear(entry: TarEntry, directory: OpenDirectory, name: string): void {
    this.#rules.replaces?.(entry, directory, name)
    removeIn(directory, name)
    this.#forget(directory)
  }

  #parent(parents: readonly string[]): OpenDirectory {
    const path = this.#at(parents)
    const known = this.#open.get(path)
    if (known !== undefined) return known
    if (this.#open.size >= mostOpen) this.#forget()
    const directory = this.#resolve(path)
    this.#open.set(path, directory)
    return directory
  }

  #resolve(path: string): OpenDirectory {
    try {
      return openDirectoryInRoot(this.#root, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    makeInRoot(this.#root, path, 'directory')
    return openDirectoryInRoot(this.#root, path)
  }

  #at(parts: readonly string[]): string {
    return [this.#base, ...parts].join('/')
  }

  /** What a path led to may have changed; but for the directory in use. */
  #forget(kept?: OpenDirectory): void {
    for (const [path, directory] of this.#open) {
      if (directory === kept) continue
      directory[Symbol.dispose]()
      this.#open.delete(path)
    }
  }
}

/** A member's parents and its name; without a name it is the root. Throws `invalid` for a path that climbs. */
function split(path: string): [parents: string[], name: string | undefined] {
  const parents = parts(path)
  return [parents, parents.pop()]
}

function parts(path: string): string[] {
  const found = path.split('/').filter((part) => part !== '' && part !== '.')
  if (found.includes('..') || path.includes('\0')) throw escapes(path)
  return found
}

/**
 * Makes an entry, at once since a fresh tree has nothing in its place; what is there is cleared away first.
 */
function unlessThere<T>(make: () => T, clear: () => void): T {
  try {
    return make()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  clear()
  return make()
}

/** Throws EEXIST only for what is no directory. */
function makeDirectory(path: Buffer, mode: number): void {
  try {
    mkdirSync(path, mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !lstatSync(path).isDirectory()) throw error
  }
}

/** What the kernel made so already need not be set again: each of these calls costs as much as making a file does. */
function isOwnedBy(made: Stats, uid: number, gid: number): boolean {
  return made.uid === uid && made.gid === gid
}

function permissions({ mode }: Stats): number {
  return mode & 0o7777
}

/** chmod(2) follows links, so it goes through a descriptor of what is there. */
function changeMode(path: Buffer, mode: number): void {
  const fd = openSync(path, O_PATH | O_NOFOLLOW)
  try {
    chmodSync(`/proc/self/fd/${fd}`, mode)
  } finally {
    closeSync(fd)
  }
}

/** overlayfs's own attributes would let an archive redirect or hide what is in other layers. */
function setAttributes(path: Buffer, { xattrs, path: name }: TarEntry): void {
  for (const [attribute, value] of xattrs) {
    if (attribute.startsWith('trusted.overlay.'))
      throw new GalleyError('invalid', `the archive sets ${attribute} on ${text(name)}`, { code: 'layer.attribute', subject: text(name) })
    try {
      setAttribute(path, attribute, value)
    } catch (error) {
      if (!(error instanceof SystemCallError && error.code === 'ENOTSUP')) throw error
    }
  }
}

/** Nothing that an archive can cause is a fault of the daemon's: only the disk's own errors stay what they are. */
function failure(error: unknown, path: string): unknown {
  const { code = '', syscall } = error as NodeJS.ErrnoException
  if (error instanceof GalleyError || syscall === undefined) return error
  const subject = text(path)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new GalleyError('unavailable', `write ${subject}: no space left on device`, {
      code: 'disk.full',
      subject,
      advice: makeRoom,
      cause: error,
    })
  if (code === 'EROFS')
    return new GalleyError('forbidden', `${subject} is on a read-only file system`, { code: 'disk.read-only', subject, cause: error })
  if (code === 'EIO' || code === 'EMFILE' || code === 'ENFILE') return error
  return new GalleyError('invalid', `the archive's ${subject} can't be made: ${reasonOf(error)}`, {
    code: 'layer.entry',
    subject,
    cause: error,
  })
}

function escapes(path: string): GalleyError {
  return new GalleyError('invalid', `the archive names a path outside of it: ${text(path)}`, { code: 'layer.escape', subject: text(path) })
}

/** Names are bytes as latin1. */
function text(path: string): string {
  return Buffer.from(path, 'latin1').toString()
}
