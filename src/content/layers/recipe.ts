import { lstatSync, mkdirSync, readlinkSync, renameSync } from 'node:fs'
import { OpenDirectory } from '#host/files/directory.ts'
import type { TarSink } from './decode.ts'
import { PackedFileWriter } from './packed-file.ts'
import type { SparseMap } from './sparse.ts'
import type { TarEntry } from './tar-fields.ts'

/**
 * How a layer's archive can be had again without keeping it: all that is not in a file of the layer, in `recipe/frames`, and in
 * `recipe/bodies` where the files' content goes, in the archive's order: `<bytes of frames before> <bytes of content> <path>\0`, the
 * path from the layer's home. Content that is in no file at the end, because a later member took its place, is kept in `recipe/kept`.
 * `rebuild.ts` reads it.
 */
export class RecipeWriter implements Disposable {
  readonly #root: OpenDirectory
  readonly #home: string
  readonly #location: string
  readonly #frames: PackedFileWriter
  readonly #bodies: { readonly frames: number; readonly size: number; path: string }[] = []
  /** Which body is in a file; only known once something is replaced, which few archives do. */
  #byPath: Map<string, number> | undefined
  readonly #locations = new WeakMap<OpenDirectory, string>()
  #sinceBody = 0

  /** `root`: the directory `files` in the layer's home, where the archive is unpacked. */
  constructor(root: OpenDirectory, home: string) {
    this.#root = root
    this.#home = home
    this.#location = locationOf(root)
    mkdirSync(`${home}/recipe/kept`, { recursive: true, mode: 0o700 })
    this.#frames = new PackedFileWriter(`${home}/recipe/frames`)
  }

  /** Bytes of the archive that are in no file. */
  frame(bytes: Buffer): void {
    this.#frames.write(bytes)
    this.#sinceBody += bytes.length
  }

  /** The next `size` bytes of the archive are the file `name` of a directory in the tree. */
  body(directory: OpenDirectory, name: string, size: number): void {
    const path = `files${this.#locationIn(directory)}/${name}`
    this.#byPath?.set(path, this.#bodies.length)
    this.#bodies.push({ frames: this.#sinceBody, size, path })
    this.#sinceBody = 0
  }

  /** Saves the bodies that are in an entry, or below it, before it is removed. */
  replaces(directory: OpenDirectory, name: string): void {
    const stat = lstatSync(directory.path(name), { throwIfNoEntry: false })
    if (stat?.isFile() === true) this.#keep(directory, name)
    if (stat?.isDirectory() !== true) return
    using inner = directory.open(name)
    for (const one of inner.names()) this.replaces(inner, one)
  }

  /** Call it at the end of the archive. */
  finish(): void {
    this.#frames.finish()
    using bodies = new PackedFileWriter(`${this.#home}/recipe/bodies`)
    for (const { frames, size, path } of this.#bodies) bodies.write(Buffer.from(`${frames} ${size} ${path}\0`, 'latin1'))
    bodies.finish()
  }

  [Symbol.dispose](): void {
    this.#frames[Symbol.dispose]()
  }

  #keep(directory: OpenDirectory, name: string): void {
    this.#byPath ??= new Map(this.#bodies.map(({ path }, index) => [path, index]))
    const path = `files${this.#locationIn(directory)}/${name}`
    const index = this.#byPath.get(path)
    const body = index === undefined ? undefined : this.#bodies[index]
    if (body === undefined) return
    body.path = `recipe/kept/${index}`
    this.#byPath.delete(path)
    renameSync(directory.path(name), `${this.#home}/${body.path}`)
  }

  /** Where a directory really is, whatever links led to it: nothing in the tree is renamed while it is unpacked. */
  #locationIn(directory: OpenDirectory): string {
    if (directory === this.#root) return ''
    const known = this.#locations.get(directory)
    if (known !== undefined) return known
    const location = locationOf(directory).slice(this.#location.length)
    this.#locations.set(directory, location)
    return location
  }
}

/** What puts an archive's members down, and tells which file the current body goes to. */
interface RecordedTree extends TarSink {
  readonly writing: { readonly directory: OpenDirectory; readonly name: string } | undefined
}

/** Writes the recipe of an archive while its members are put down. */
export class RecordingSink implements TarSink {
  readonly #tree: RecordedTree
  readonly #recipe: RecipeWriter
  #isSparse = false
  #size = 0

  constructor(tree: RecordedTree, recipe: RecipeWriter) {
    this.#tree = tree
    this.#recipe = recipe
  }

  begin(entry: TarEntry, sparse: SparseMap | undefined): void {
    this.#tree.begin(entry, sparse)
    this.#isSparse = sparse !== undefined
    this.#size = 0
  }

  data(chunk: Buffer): void {
    this.#tree.data(chunk)
    // What has no file, such as a whiteout's body, and a sparse file's pieces stay in the recipe itself.
    if (this.#isSparse || this.#tree.writing === undefined) this.#recipe.frame(chunk)
    else this.#size += chunk.length
  }

  end(): void {
    const { writing } = this.#tree
    if (writing !== undefined && this.#size > 0) this.#recipe.body(writing.directory, writing.name, this.#size)
    this.#tree.end()
  }

  frame(chunk: Buffer): void {
    this.#recipe.frame(chunk)
  }
}

function locationOf({ fd }: OpenDirectory): string {
  return readlinkSync(`/proc/self/fd/${fd}`, 'latin1')
}
