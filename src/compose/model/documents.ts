import { readFileSync } from 'node:fs'
import type { Struct } from './language/form.ts'
import { readTrees } from './read.ts'
import { isRemote, placeOf, type RemoteFiles } from './remote.ts'
import type { Position } from './model.ts'
import { invalidAt, isNull, unsupportedAt, type Mapping, type Node } from './tree.ts'
import { interpolated, leftOpen, lookupIn, type Variables } from './variables.ts'
import { unreadable } from './unreadable.ts'

/** What files are read with. */
export interface Reading {
  /** Where relative paths start. */
  readonly directory: string
  readonly variables: Variables
  /** False to leave variables in place. */
  readonly interpolates: boolean
  /** The form of a whole file. */
  readonly form: Struct
  /** What the person should know is added here. */
  readonly warnings: string[]
  /** The YAML documents of a file; see `rememberTrees`. */
  readonly treesOf: (file: string) => readonly Node[]
  /** Files from elsewhere that have been fetched. */
  readonly remotes: RemoteFiles
}

/** Reads the YAML documents of files, `-` being standard input, each file once. Throws `not found`, `invalid`. */
export function rememberTrees(): Reading['treesOf'] {
  const known = new Map<string, readonly Node[]>()
  return (file) => {
    const trees = known.get(file) ?? readTrees(textOf(file), file)
    known.set(file, trees)
    return trees
  }
}

/** The documents of one file with variables replaced. Throws `not found`, `invalid` with the place. */
export function readDocuments(file: string, { variables, interpolates, warnings, treesOf }: Reading): Mapping[] {
  return treesOf(file).flatMap((tree) => {
    if (isNull(tree)) return []
    if (tree.kind !== 'mapping') throw invalidAt(tree.at, 'a Compose file must be a mapping')
    return [(interpolates ? interpolated(tree, lookupIn(variables), warnings) : leftOpen(tree)) as Mapping]
  })
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** Where a file lies that another one names. Throws `RemoteWanted`, and `not implemented` for an address that is no place for such files. */
export function namedFile(path: string, { directory, remotes }: Reading, at: Position): string {
  if (/^\w+:\/\//.test(path) && !isRemote(path)) throw unsupportedAt(at, `a Compose file from elsewhere (${path})`)
  return placeOf(path, directory, remotes)
}
