import { lstatSync, lutimesSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { OpenDirectory } from '#host/files/directory.ts'
import { makeNode, setAttribute } from '#host/files/special.ts'
import type { RecipeWriter } from './recipe.ts'
import type { TarEntry } from './tar-fields.ts'
import type { TreeRules } from './tree-writer.ts'

const whiteout = '.wh.'

/**
 * A layer's members in overlayfs's form: whiteouts become 0:0 devices, opaque directories an attribute (OCI image-spec,
 * layer.md, Whiteouts). What a whiteout hides lies in the layers below, never in this one, whatever their order.
 */
export class LayerRules implements TreeRules {
  readonly changesRoot = true
  readonly isPrivate = true
  readonly #most: number
  #count = 0
  #hidden = false

  readonly #recipe: Pick<RecipeWriter, 'replaces'> | undefined

  /** `most` members are let in; the recipe, if one is written, is told of what gives way. */
  constructor(most: number, recipe?: Pick<RecipeWriter, 'replaces'>) {
    this.#most = most
    this.#recipe = recipe
  }

  handles(entry: TarEntry, directory: OpenDirectory, name: string): boolean {
    if (++this.#count > this.#most)
      throw new GalleyError('too large', `the layer has more than ${this.#most} entries`, { code: 'layer.entries' })
    if (entry.type === 'character' && entry.major === 0 && entry.minor === 0)
      throw new GalleyError('invalid', `the layer hides ${entry.path} with a device of overlayfs's own`, { code: 'layer.whiteout' })
    if (!name.startsWith(whiteout)) return false
    if (name === '.wh..wh..opq') setAttribute(directory.path('.'), 'trusted.overlay.opaque', Buffer.from('y'))
    // Other names of this form are aufs's own bookkeeping.
    else if (!name.startsWith('.wh..wh.')) hide(entry, directory, name.slice(whiteout.length))
    return true
  }

  replaces(_entry: TarEntry, directory: OpenDirectory, name: string): void {
    this.#hidden = isWhiteout(directory, name)
    this.#recipe?.replaces(directory, name)
  }

  /** A directory in a whiteout's place hides what the whiteout hid. */
  made(_entry: TarEntry, directory: OpenDirectory, name: string): void {
    if (this.#hidden) setAttribute(directory.path(name), 'trusted.overlay.opaque', Buffer.from('y'))
    this.#hidden = false
  }
}

function hide({ path, mtime }: TarEntry, directory: OpenDirectory, name: string): void {
  if (name === '' || name === '.' || name === '..')
    throw new GalleyError('invalid', `the layer hides a path outside of it: ${path}`, { code: 'layer.escape', subject: path })
  const there = lstatSync(directory.path(name), { throwIfNoEntry: false })
  if (there === undefined) {
    makeNode(directory.path(name), 'character')
    // Packed again it must give the same bytes.
    lutimesSync(directory.path(name), mtime, mtime)
  } else if (there.isDirectory()) setAttribute(directory.path(name), 'trusted.overlay.opaque', Buffer.from('y'))
}

function isWhiteout(directory: OpenDirectory, name: string): boolean {
  const stat = lstatSync(directory.path(name), { throwIfNoEntry: false })
  return stat?.isCharacterDevice() === true && stat.rdev === 0
}
