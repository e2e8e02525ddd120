import { dirname, resolve } from 'node:path'
import { findFiles, type Caller, type LoadRequest } from './find.ts'
import { checkedName, nameAfter, normalName } from './project-name.ts'
import { fieldIn, invalidAt, isNull, plainText, type Node } from './tree.ts'
import { interpolated, lookupIn, usualEnvFiles, withEnvFiles, type Variables } from './variables.ts'

/** Where a project's files are, and what its variables are. */
export interface Located {
  readonly files: readonly string[]
  readonly directory: string
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
  return { files, directory, variables: withEnvFiles(before, given ?? usualEnvFiles(directory, caller.environment)) }
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
  return first === undefined || first === '-' ? undefined : dirname(resolve(caller.directory, first))
}

interface Naming {
  readonly directory: string
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
export function nameOf(request: LoadRequest, { directory, variables, trees, interpolates }: Naming): string {
  const wished = wishedName(request, { variables })
  if (wished !== undefined) return wished
  const written = trees.map((tree) => fieldIn(tree, 'name')).findLast((node) => !isNull(node))
  if (written === undefined) return nameAfter(directory)
  const name = normalName(plainText(interpolates ? interpolated(written, lookupIn(variables), []) : written))
  if (name === '') throw invalidAt(written.at, 'project name must not be empty')
  return name
}
