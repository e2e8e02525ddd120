import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  type Stats,
} from 'node:fs'
import { dirname, posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { layerAttributes } from '#content/layers/attributes.ts'
import { resolveInRoot } from '#host/files/resolve.ts'
import { makeNode, setAttribute } from '#host/files/special.ts'
import type { Selected } from '../context/select.ts'
import type { ChangeMode } from './mode.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** How `COPY` and `ADD` put files into a root file system. */
export interface CopyRules {
  /** Absolute path in the root file system. */
  readonly destination: string
  /** The destination was written as a directory, with a slash at its end. */
  readonly intoDirectory: boolean
  /** undefined keeps the source's owner. */
  readonly owner: Owner | undefined
  readonly mode: ChangeMode | undefined
  /** Of directories that are made on the way, and of the one that a directory is copied to. */
  readonly madeMode: number
  /** All that `mode` depends on. */
  readonly chmod: string | undefined
  /** What is left out, by path below what is copied. */
  readonly left: (below: string) => boolean
  /** All that `left` depends on. */
  readonly excluded: readonly string[]
  /** `--parents`: sources keep their names, directories too. */
  readonly parents: boolean
  /** Whether files of a context may be linked rather than copied. */
  readonly links: boolean
}

/** The directory that holds a tree's files. */
interface DiskSource {
  readonly root: string
  readonly owners: boolean
  readonly linked: Set<string> | undefined
}

export interface OnDisk extends Omit<Selected, 'tree'> {
  readonly tree: DiskSource
}

/** What was selected, with its files on the disk. */
export async function onDisk(items: readonly Selected[]): Promise<OnDisk[]> {
  const sources = new Map<Selected['tree'], DiskSource>()
  for (const tree of new Set(items.map((item) => item.tree))) {
    const root = await tree.files(items.flatMap((item) => (item.tree === tree ? [item.path] : [])))
    sources.set(tree, { root, owners: tree.owners, linked: tree.linked })
  }
  return items.flatMap(({ tree, ...item }) => {
    const source = sources.get(tree)
    return source === undefined ? [] : [{ ...item, tree: source }]
  })
}

/**
 * Copies into the root file system at `root`. Links on the way to the destination are followed inside the root only. Times of
 * files are kept, and missing directories made. Throws `invalid` where file and directory get in each other's way.
 */
export function copyFiles(root: string, items: readonly OnDisk[], rules: CopyRules): Later {
  const copier = new Copier(root, rules)
  copier.all(items)
  return { links: copier.links, directories: copier.directories }
}

/** A file of the context that a layer takes as it is: it is linked into the overlay's upper directory once that is not mounted. */
export interface LinkLater {
  readonly source: string
  /** Below the root, with a slash in front. */
  readonly target: string
}

/** What is done when the overlay is not mounted any more. */
export interface Later {
  readonly links: readonly LinkLater[]
  /** Directories whose times are those of their sources, which a file that is put into them changes; the inner ones first. */
  readonly directories: readonly TimedDirectory[]
}

interface TimedDirectory {
  /** Below the root, with a slash in front. */
  readonly path: string
  readonly times: Pick<Stats, 'atime' | 'mtime'>
}

/** Puts the files in, which costs neither a copy nor, when the context goes, the deletion of a file. */
export function linkFiles(upper: string, { links, directories }: Later): void {
  for (const { source, target } of links) {
    // What the layers below have there was hidden by a mark in its place.
    const there = lstatSync(upper + target, { throwIfNoEntry: false })
    if (there?.isDirectory() === true) throw new GalleyError('invalid', `cannot replace to directory ${target} with file`)
    if (there !== undefined) unlinkSync(upper + target)
    linkSync(source, upper + target)
  }
  if (links.length > 0) for (const { path, times } of directories) lutimesSync(upper + path, times.atime, times.mtime)
}

class Copier {
  readonly links: LinkLater[] = []
  readonly directories: TimedDirectory[] = []
  readonly #root: string
  readonly #rules: CopyRules
  readonly #broughtUp = new Set<string>()

  constructor(root: string, rules: CopyRules) {
    this.#root = root
    this.#rules = rules
  }

  all(items: readonly OnDisk[]): void {
    const { destination, intoDirectory, parents } = this.#rules
    for (const item of items) {
      if (parents)
        this.#one(item, item.isDirectory ? this.#resolve(posix.join(destination, item.name)) : this.#inDirectory(destination, item.name))
      else if (item.isDirectory) this.#one(item, this.#resolve(destination))
      else this.#one(item, this.#fileTarget(item, destination, intoDirectory))
    }
  }

  #fileTarget({ name, path }: OnDisk, destination: string, intoDirectory: boolean): string {
    const target = this.#resolve(destination)
    const isDirectory = lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true
    return intoDirectory || isDirectory ? this.#inDirectory(destination, name === '' ? posix.basename(path) : name) : target
  }

  /** A link of this name is replaced, and not followed: only those on the way are. */
  #inDirectory(destination: string, name: string): string {
    const path = posix.join(destination, name)
    return posix.join(this.#resolve(posix.dirname(path)), posix.basename(path))
  }

  #one({ tree, path, isDirectory }: OnDisk, target: string): void {
    this.#makeParents(target)
    if (!isDirectory) {
      if (!this.#rules.left(posix.basename(path))) this.#entry(tree, path, target)
      return
    }
    // What is in it is copied, rather than the directory itself: it has its own owner and mode, but for `--parents`, and only its times.
    const { parents, owner } = this.#rules
    const stat = lstatSync(`${tree.root}/${path}`)
    const made = this.#makeDirectory(target)
    if (made && owner !== undefined) lchownSync(target, owner.uid, owner.gid)
    this.#contents(tree, path, target, '')
    if (made && parents) this.#attributes(tree, path, target, stat)
    else this.#times(target, stat)
  }

  #contents(tree: DiskSource, path: string, target: string, below: string): void {
    for (const name of readdirSync(`${tree.root}/${path}`)) {
      const inside = below === '' ? name : `${below}/${name}`
      if (this.#rules.left(inside)) continue
      const from = path === '' ? name : `${path}/${name}`
      const stat = lstatSync(`${tree.root}/${from}`)
      if (!stat.isDirectory()) this.#entry(tree, from, `${target}/${name}`, stat)
      else {
        this.#makeDirectory(`${target}/${name}`)
        this.#contents(tree, from, `${target}/${name}`, inside)
        this.#attributes(tree, from, `${target}/${name}`, stat)
      }
    }
  }

  /** Anything but a directory. */
  #entry(tree: DiskSource, path: string, target: string, stat: Stats = lstatSync(`${tree.root}/${path}`)): void {
    const there = lstatSync(target, { throwIfNoEntry: false })
    if (there?.isDirectory() === true) throw new GalleyError('invalid', `cannot replace to directory ${this.#inside(target)} with file`)
    if (there !== undefined) unlinkSync(target)
    const source = `${tree.root}/${path}`
    if (stat.isFile() && this.#isTaken(tree, path)) {
      this.#linkLater(source, target)
      tree.linked?.add(path)
      return
    }
    if (stat.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else if (stat.isFile()) copyFileSync(source, target, constants.COPYFILE_FICLONE)
    else if (stat.isFIFO()) makeNode(target, 'fifo')
    else if (stat.isSocket()) return
    else
      makeNode(
        target,
        stat.isBlockDevice() ? 'block' : 'character',
        (stat.rdev >> 8) & 0xfff,
        (stat.rdev & 0xff) | ((stat.rdev >> 12) & 0xfff00),
      )
    this.#attributes(tree, path, target, stat)
  }

  #linkLater(source: string, target: string): void {
    this.links.push({ source, target: this.#inside(target) })
    const parent = dirname(target)
    if (parent === this.#root || this.#broughtUp.has(parent)) return
    // A change, even to what is there already, brings the directory into the upper one, with all above it.
    chmodSync(parent, lstatSync(parent).mode & 0o7777)
    this.#broughtUp.add(parent)
  }

  /**
   * Files of a context belong to root and are never changed: a copy that changes nothing about them can share them. One that is
   * copied to a second place is another file there.
   */
  #isTaken({ linked }: DiskSource, path: string): boolean {
    const { owner, mode, links } = this.#rules
    return links && linked?.has(path) === false && mode === undefined && owner?.uid === 0 && owner.gid === 0
  }

  /** Owner before mode, as chown clears the setuid bits. */
  #attributes(tree: DiskSource, path: string, target: string, stat: Stats): void {
    const { owner = { uid: stat.uid, gid: stat.gid }, mode } = this.#rules
    lchownSync(target, owner.uid, owner.gid)
    if (!stat.isSymbolicLink()) chmodSync(target, mode === undefined ? stat.mode & 0o7777 : mode(stat.mode & 0o7777, stat.isDirectory()))
    if (tree.owners && stat.isFile())
      for (const [name, value] of layerAttributes(Buffer.from(`${tree.root}/${path}`))) setAttribute(target, name, value)
    this.#times(target, stat)
  }

  #times(target: string, stat: Stats): void {
    lutimesSync(target, stat.atime, stat.mtime)
    if (stat.isDirectory()) this.directories.push({ path: this.#inside(target), times: stat })
  }

  #makeParents(target: string): void {
    const parts = this.#inside(target).split('/').slice(1, -1)
    let path = this.#root
    for (const part of parts) {
      path += `/${part}`
      if (this.#makeDirectory(path) && this.#rules.owner !== undefined) lchownSync(path, this.#rules.owner.uid, this.#rules.owner.gid)
    }
  }

  /** Returns whether it was missing. */
  #makeDirectory(path: string): boolean {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat?.isDirectory() === true) return false
    if (stat !== undefined)
      throw new GalleyError('invalid', `cannot copy to non-directory: ${this.#inside(path)}`, { code: 'copy.not-a-directory' })
    mkdirSync(path, { mode: 0o700 })
    chmodSync(path, this.#rules.madeMode)
    return true
  }

  #resolve(path: string): string {
    return resolveInRoot(this.#root, path)
  }

  #inside(path: string): string {
    return path.slice(this.#root.length) || '/'
  }
}
