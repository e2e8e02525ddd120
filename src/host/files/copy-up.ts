import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  type Stats,
} from 'node:fs'
import { attribute, attributeNames } from './attributes.ts'
import { deviceNumbers } from './device.ts'
import { OpenDirectory } from './directory.ts'
import { openDirectoryInRoot } from './open-in-root.ts'
import { removeIn } from './remove-in.ts'
import { makeNode, setAttribute } from './special.ts'

/** Directories in the volume for what is being copied, and for what has been copied and is on its way to its place. */
const [filling, moving] = ['.galley-filling', '.galley-moving']

/**
 * Fills an empty volume from the directory of the image that it covers, with owners, modes, times, attributes, devices and
 * hard links. A volume that holds anything, or a path that is no directory, is left alone. Sockets are not copied. Throws the
 * system's errors, and leaves the volume empty then: what holds half of it would count as filled the next time. So that this is true of
 * a crash as well, the copy is made aside, and what was copied in full is moved to its place, if need be by the next who comes.
 */
export function copyUp(root: OpenDirectory, path: string, to: string): void {
  const found = readdirSync(to)
  const left = found.filter((name) => name === filling || name === moving)
  if (found.length > 0 && left.length === 0) return
  using target = OpenDirectory.at(to)
  if (left.includes(filling)) removeIn(target, filling)
  if (left.includes(moving)) moveAll(target)
  else if (found.length === left.length) {
    using from = openUnlessMissing(root, path)
    if (from !== undefined) fill(target, from)
  }
}

function fill(target: OpenDirectory, from: OpenDirectory): void {
  mkdirSync(target.path(filling))
  try {
    using aside = target.open(filling)
    new Copy(aside).all(from, aside, '')
    keepAttributes(lstatSync(from.path('.')), from.path('.'), aside.path('.'))
    renameSync(target.path(filling), target.path(moving))
  } catch (error) {
    removeIn(target, filling)
    throw error
  }
  moveAll(target)
}

/** Moves what was copied to its place; what somebody has put there since a crash stays. The volume itself gets the directory's attributes. */
function moveAll(target: OpenDirectory): void {
  const path = target.path(moving)
  const stat = lstatSync(path)
  {
    using aside = target.open(moving)
    for (const name of aside.names())
      if (lstatSync(target.path(name), { throwIfNoEntry: false }) !== undefined) removeIn(aside, name)
      else renameSync(aside.path(name), target.path(name))
  }
  keepAttributes(stat, path, target.path('.'))
  rmdirSync(path)
  lutimesSync(target.path('.'), stat.atime, stat.mtime)
}

function openUnlessMissing(root: OpenDirectory, path: string): OpenDirectory | undefined {
  try {
    return openDirectoryInRoot(root, path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

class Copy {
  readonly #target: OpenDirectory
  /** Where the first copy of a file with several names lies: directory and name, by inode. */
  readonly #links = new Map<number, readonly [directory: string, name: string]>()

  constructor(target: OpenDirectory) {
    this.#target = target
  }

  all(from: OpenDirectory, to: OpenDirectory, path: string): void {
    for (const name of from.names()) {
      const stat = lstatSync(from.path(name))
      if (!stat.isSocket() && !this.#linked(stat, to, [path, name])) this.#one(stat, { from, to, path, name })
    }
  }

  #linked(stat: Stats, to: OpenDirectory, [path, name]: readonly [string, string]): boolean {
    if (stat.nlink < 2 || stat.isDirectory()) return false
    const first = this.#links.get(stat.ino)
    if (first === undefined) {
      this.#links.set(stat.ino, [path, name])
      return false
    }
    using directory = openDirectoryInRoot(this.#target, first[0])
    linkSync(directory.path(first[1]), to.path(name))
    return true
  }

  #one(stat: Stats, { from, to, path, name }: { from: OpenDirectory; to: OpenDirectory; path: string; name: string }): void {
    const [source, target] = [from.path(name), to.path(name)]
    if (stat.isSymbolicLink()) symlinkSync(readlinkSync(source, 'buffer'), target)
    else if (stat.isDirectory()) {
      mkdirSync(target)
      using inner = from.open(name)
      using copy = to.open(name)
      this.all(inner, copy, `${path}/${name}`)
    } else if (stat.isFile()) copyFileSync(source, target, constants.COPYFILE_FICLONE)
    else {
      const { major, minor } = deviceNumbers(stat.rdev)
      makeNode(target, stat.isFIFO() ? 'fifo' : stat.isBlockDevice() ? 'block' : 'character', major, minor)
    }
    keepAttributes(stat, source, target)
  }
}

/** Owner before mode and attributes, as a change of owner takes setuid bits and capabilities away. */
function keepAttributes(stat: Stats, from: Buffer, to: Buffer): void {
  lchownSync(to, stat.uid, stat.gid)
  if (!stat.isSymbolicLink()) chmodSync(to, stat.mode & 0o7777)
  for (const name of attributeNames(from)) {
    const value = name.startsWith('trusted.overlay.') ? undefined : attribute(from, name)
    if (value !== undefined) setAttribute(to, name, value)
  }
  lutimesSync(to, stat.atime, stat.mtime)
}
