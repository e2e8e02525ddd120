import { GalleyError } from '#base/error.ts'
import { rememberTrees, type Reading } from './documents.ts'
import { refuseEmpty } from './empty-values.ts'
import { readFiles } from './files.ts'
import type { Caller, LoadRequest } from './find.ts'
import type { Struct } from './language/form.ts'
import { locate, nameOf } from './locate.ts'
import type { Mapping } from './tree.ts'
import { blamingUnset } from './unset.ts'
import type { Variables } from './variables.ts'

/** A project's files put over each other, canonical, before anything follows from them. */
export interface Merged {
  readonly name: string
  /** Where relative paths start, absolute. */
  readonly directory: string
  readonly files: readonly string[]
  /** What stands for variables in the files. */
  readonly variables: Variables
  /** The caller's, and those of `.env`. */
  readonly known: Variables
  readonly warnings: readonly string[]
  readonly document: Mapping
}

interface How {
  readonly interpolates: boolean
  readonly form: Struct
}

/** Finds, reads and merges a project's files. Throws `not found` when there are none, `invalid` with the place. */
export function readMerged(request: LoadRequest, caller: Caller, { interpolates, form }: How): Merged {
  const { files, directory, home, variables: known } = locate(request, caller)
  if (files.length === 0) throw new GalleyError('not found', `no Compose file in ${directory}`, { code: 'compose.no-file' })
  const treesOf = rememberTrees()
  const name = nameOf(request, { home, variables: known, trees: files.flatMap(treesOf), interpolates })
  // Docker Compose knows no other variable while it leaves them in place.
  const own = interpolates ? known : {}
  const variables: Variables = Object.assign(Object.create(null) as Record<string, string>, own, { COMPOSE_PROJECT_NAME: name })
  const warnings: string[] = []
  const remotes = caller.remotes ?? new Map()
  const document = readBlaming(files, { directory, variables, interpolates, form, warnings, treesOf, remotes })
  if (document.entries.size === 0)
    throw new GalleyError('invalid', `${files[0] ?? '-'}: empty compose file`, {
      code: 'compose.invalid',
      subject: files[0] ?? '',
      advice: 'Services stand under "services:", each with what it is made from: image or build.',
    })
  if (interpolates) refuseEmpty(form, document)
  return { name, directory, files, variables, known, warnings: [...new Set(warnings)], document }
}

function readBlaming(files: readonly string[], reading: Reading): Mapping {
  try {
    return readFiles(files, reading)
  } catch (error) {
    throw blamingUnset(error, reading.warnings, reading.directory)
  }
}
