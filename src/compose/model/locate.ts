import { resolve } from 'node:path'
import { findFiles, type Caller, type LoadRequest } from './find.ts'
import { checkedName, nameAfter, normalName } from './project-name.ts'
import { directoryOf, isRemote } from './remote.ts'
import { fieldIn, invalidAt, isNull, plainText, type Node } from './tree.ts'
import { interpolated, lookupIn, usualEnvFiles, withEnvFiles, type Variables } from './variables.ts'

/** Where a project's files are, and what its variables are. */
export interface Located {
  readonly files: readonly string[]
  readonly directory: string
  /** The directory that a project without a name is called after: not that of files from elsewhere, but the caller's. */
  readonly home: string
  readonly variables: Variables
}

/** Finds the project's files and variables. The directory's `.env` may name the files, and the files the directory. */
export function locate(request: LoadRequest, caller: Caller): Located {
  const own = Object.assign(
    Object.create(null) as Record<string, string>,
    Object.fromEntries(Object.entries(caller.environment).filter(([, value]) => value !== undefined)),
  )
  const base = resolve(caller.directory, request.directory ?? request.projectDirectory ?? '.')
  const given = (request.envFiles ?? own['COMPOSE_ENV_FILES']?.split(','))?.map((file) => resolve(caller.directory, file))
  const before = withEnvFiles(own, given ?? usualEnvFiles(projectDirectory(request, caller, []) ?? base, caller.environment))
  const files = findFiles(request, { ...caller, environment: before }, base)
  const directory = projectDirectory(request, caller, files) ?? base
  const home = isRemote(firstFile(request, before)) && request.projectDirectory === undefined ? base : directory
  return { files, directory, home, variables: withEnvFiles(before, given ?? usualEnvFiles(home, caller.environment)) }
}

/** The first file as the caller names it; empty where it is looked for. */
function firstFile({ files = [], directory }: LoadRequest, environment: Variables): string {
  const [first = directory === undefined ? environment['COMPOSE_FILE'] : undefined] = files
  return first ?? ''
}

/** The one that is asked for, else the first file's. */
function projectDirectory(
  { projectDirectory: wished, files = [], directory }: LoadRequest,
  caller: Caller,
  found: readonly string[],
): string | undefined {
  if (wished !== undefined) return resolve(caller.directory, wished)
  const [first = found[0]] = files
  if (directory !== undefined && found[0] !== resolve(caller.directory, directory)) return resolve(caller.directory, directory)
  // One from elsewhere has no `.env` of the caller's beside it; where it lies is known once it is looked for.
  if (first === undefined || (found.length === 0 && isRemote(first))) return undefined
  return directoryOf(first, caller.directory, caller.remotes)
}

interface Naming {
  readonly home: string
  readonly variables: Variables
  readonly trees: readonly Node[]
  /** False to leave variables in place. */
  readonly interpolates: boolean
}

/** The caller's name for it, by an option or a variable. Throws `invalid`. */
export function wishedName({ projectName }: LoadRequest, { variables }: Pick<Located, 'variables'>): string | undefined {
  const wished = projectName ?? variables['COMPOSE_PROJECT_NAME']
  return wished === undefined || wished === '' ? undefined : checkedName(wished)
}

/** The caller's, else the last that a file gives, else the directory's. Throws `invalid`. */
export function nameOf(request: LoadRequest, { home, variables, trees, interpolates }: Naming): string {
  const wished = wishedName(request, { variables })
  if (wished !== undefined) return wished
  const written = trees.map((tree) => fieldIn(tree, 'name')).findLast((node) => !isNull(node))
  if (written === undefined) return nameAfter(home)
  const name = normalName(plainText(interpolates ? interpolated(written, lookupIn(variables), []) : written))
  if (name === '') throw invalidAt(written.at, 'project name must not be empty')
  return name
}
