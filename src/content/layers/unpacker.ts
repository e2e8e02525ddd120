import { GalleyError, isDiskFull, makeRoom } from '#base/error.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { TarDecoder } from './decode.ts'
import { LayerRules } from './layer-rules.ts'
import { RecipeWriter, RecordingSink } from './recipe.ts'
import { TreeWriter } from './tree-writer.ts'

/** A plain layer to unpack. Can be sent to another thread. */
export interface UnpackJob {
  /** Empty, and there. */
  readonly directory: string
  /** The layer's home that `directory` is in, if its recipe is wanted there. */
  readonly recipeIn: string | undefined
  /** So many members are let in. */
  readonly entries: number
}

/** Unpacks a layer's bytes as they are given, without ever waiting. */
export class Unpacker implements Disposable {
  readonly #opened = new DisposableStack()
  readonly #recipe: RecipeWriter | undefined
  readonly #tree: TreeWriter
  readonly #decoder: TarDecoder

  constructor({ directory, recipeIn, entries }: UnpackJob) {
    const root = this.#opened.use(OpenDirectory.at(directory))
    this.#recipe = recipeIn === undefined ? undefined : this.#opened.use(new RecipeWriter(root, recipeIn))
    this.#tree = this.#opened.adopt(new TreeWriter(root, '', new LayerRules(entries, this.#recipe)), (tree) => tree.close())
    this.#decoder = new TarDecoder(this.#recipe === undefined ? this.#tree : new RecordingSink(this.#tree, this.#recipe))
  }

  /** Throws `invalid`, `too large`, `not implemented`, and `unavailable` when the disk is full. */
  write(bytes: Buffer): void {
    try {
      this.#decoder.write(bytes)
    } catch (error) {
      throw asFullDisk(error)
    }
  }

  /** Call it after the last bytes; the bytes of the layer's files. Throws as `write` does. */
  finish(): number {
    try {
      this.#decoder.finish()
      this.#tree.finish()
      this.#recipe?.finish()
      return this.#tree.size
    } catch (error) {
      throw asFullDisk(error)
    }
  }

  [Symbol.dispose](): void {
    this.#opened.dispose()
  }
}

/** The recipe needs room too. */
function asFullDisk(error: unknown): unknown {
  if (error instanceof GalleyError || !isDiskFull(error)) return error
  return new GalleyError('unavailable', 'unpack layer: no space left on device', {
    code: 'disk.full',
    advice: makeRoom,
    cause: error,
  })
}
