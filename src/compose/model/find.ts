import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { nothingThere } from './nothing-there.ts'
import { placeOf, type RemoteFiles } from './remote.ts'

export interface LoadRequest {
  /** Where to look; the caller's directory when absent. */
  readonly directory?: string | undefined
  /** Compose files to merge, in this order; the usual ones are looked for when there are none. */
  readonly files?: readonly string[]
  readonly projectName?: string | undefined
  /** Where relative paths start, if not at the first file, and where files are looked for that neither `directory` nor `files` names. */
  readonly projectDirectory?: string | undefined
  /** Instead of the project directory's `.env`. */
  readonly envFiles?: readonly string[] | undefined
  /** Profiles that are active; those of COMPOSE_PROFILES when there are none. */
  readonly profiles?: readonly string[] | undefined
  /** Only these, and what they depend on; all when empty. */
  readonly services?: readonly string[]
  readonly wishes?: Partial<Wishes>
  /** The text of a Dockerfile for a directory that has none and no Compose file. */
  readonly dockerfile?: string | undefined
}

/** How far a project is worked out; all the way, unless a person wants to see what lies before. */
export interface Wishes {
  readonly normalises: boolean
  readonly placesPaths: boolean
  /** Whether its parts must fit each other. */
  readonly checks: boolean
  /** Whether each `env_file` is read. */
  readonly readsFiles: boolean
  /** Whether networks, volumes, secrets and configs stay that no service uses. */
  readonly keepsUnused: boolean
}

/** The caller's side: relative paths and variables are theirs, wherever the daemon runs. */
export interface Caller {
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Files from elsewhere that have been fetched. */
  readonly remotes?: RemoteFiles
}

const usualFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'] as const

const overrideFiles = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
] as const

/** Whether a request says which project is meant: by a file that it or the environment names, or by what is in the directory. */
export function namesProject({ files = [], directory, projectDirectory = '.' }: LoadRequest, caller: Caller): boolean {
  if (files.length > 0 || directory !== undefined || caller.environment['COMPOSE_FILE'] !== undefined) return true
  const base = resolve(caller.directory, projectDirectory)
  return existsSync(`${base}/Dockerfile`) || directoryAbove(base) !== undefined
}

/** The Compose files of a project; none where there is a lone Dockerfile. Throws `not found` when there is nothing to run. */
export function findFiles(
  { files = [], directory, dockerfile, services = [] }: LoadRequest,
  { directory: here, environment, remotes }: Caller,
  base: string,
): string[] {
  const separator = environment['COMPOSE_PATH_SEPARATOR'] ?? ':'
  const named = files.length > 0 ? files : directory === undefined ? (environment['COMPOSE_FILE']?.split(separator) ?? []) : []
  if (named.length > 0) return named.map((file) => (file === '-' ? file : placeOf(file, here, remotes)))
  if (statSync(base, { throwIfNoEntry: false })?.isFile() === true) return [base]
  const lone = mainFile(base) === undefined && existsSync(`${base}/Dockerfile`)
  if (lone) return []
  const found = directory === undefined ? directoryAbove(base) : mainFile(base) && base
  if (found !== undefined) return filesIn(found)
  if (dockerfile !== undefined) return []
  throw nothingThere(base, { here, services, usualFiles })
}

function filesIn(directory: string): string[] {
  const override = overrideFiles.find((name) => existsSync(`${directory}/${name}`))
  return [mainFile(directory), override].flatMap((name) => (name === undefined ? [] : [`${directory}/${name}`]))
}

/** The Compose file that a directory has by one of the usual names; undefined without one. */
export function mainFile(directory: string): string | undefined {
  return usualFiles.find((name) => existsSync(`${directory}/${name}`))
}

/** The nearest directory with a Compose file, from this one upwards. */
function directoryAbove(directory: string): string | undefined {
  if (mainFile(directory) !== undefined) return directory
  const parent = dirname(directory)
  return parent === directory ? undefined : directoryAbove(parent)
}
