import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { label } from '#base/compose-labels.ts'
import { GalleyError, withAdvice } from '#base/error.ts'
import { namesProject, type Caller, type LoadRequest } from '#compose/model/find.ts'
import type { Loaded } from '#compose/model/load.ts'
import type { Project } from '#compose/model/model.ts'
import type { OpenProject } from '#compose/model/open.ts'
import { RemoteWanted } from '#compose/model/remote.ts'
import { checkedName } from '#compose/model/project-name.ts'
import { callerEnvironment } from './caller-environment.ts'
import { say } from './say.ts'

/** The values of the options that name a project (`projectOptions`). */
export interface NamedProject {
  readonly file?: readonly string[] | undefined
  readonly 'project-name'?: string | undefined
  readonly 'project-directory'?: string | undefined
  readonly 'env-file'?: readonly string[] | undefined
  readonly profile?: readonly string[] | undefined
  readonly 'all-resources'?: boolean | undefined
}

/** Reads the project that a command is about, with this shell's files and environment. */
export async function readProject(values: NamedProject, directory?: string, services: readonly string[] = []): Promise<Project> {
  const { loadProject } = await import('#compose/model/load.ts')
  return await withRemotes((from) => loadProject({ ...requestOf(values, directory), services }, from))
}

/**
 * The hooks of its services, those behind a profile too unless only those that are enabled are asked for, where its files can be read;
 * undefined when there are none. What else of them is wrong doesn't matter here. Throws as `readProject`.
 */
export async function readHooks(
  values: NamedProject,
  directory?: string,
  which: 'all' | 'enabled' = 'all',
): Promise<Pick<Project, 'name' | 'files' | 'services'> | undefined> {
  const request = requestOf(values, directory)
  if (!namesProject(request, caller())) return undefined
  const { loadProject } = await import('#compose/model/load.ts')
  const profiles = which === 'all' ? ['*'] : request.profiles
  return await withRemotes((from) => loadProject({ ...request, profiles, wishes: { checks: false, readsFiles: false } }, from))
}

/**
 * Names of all services of the files, those behind a profile too; undefined where there are no files, or the project is named without
 * any: those that lie here may be another one's. Throws as `readProject`.
 */
export async function declaredServices(values: NamedProject, directory?: string): Promise<readonly string[] | undefined> {
  if (values['project-name'] !== undefined && values.file === undefined) return undefined
  const project = await readHooks(values, directory)
  return project && Object.keys(project.services)
}

/**
 * As `readProject`; a directory with neither a Compose file nor a Dockerfile gets one where what lies in it can be run: it is shown, and
 * written unless it is only to be shown. Not for services by name, which no such directory has.
 */
export async function readOrPropose(
  values: NamedProject,
  { directory, services }: ReturnType<typeof directoryAndServices>,
  proposing: 'written' | 'shown',
): Promise<Project> {
  try {
    return await readProject(values, directory, services)
  } catch (error) {
    // A file that was named and isn't there has the same code.
    const isBare =
      error instanceof GalleyError && error.code === 'compose.no-file' && error.subject !== undefined && isDirectory(error.subject)
    if (!isBare || services.length > 0 || values['project-directory'] !== undefined) throw error
    const { adviceFor, keep, proposalFor, show } = await import('./propose.ts')
    const proposal = proposalFor(error.subject)
    const advice = adviceFor(error.subject)
    if (proposal === undefined) throw advice === undefined ? error : withAdvice(error, advice)
    const { loadProject } = await import('#compose/model/load.ts')
    const project = loadProject({ ...requestOf(values, directory), dockerfile: proposal.dockerfile }, caller())
    show(proposal, error.subject, proposing)
    if (proposing === 'written') keep(proposal, error.subject)
    return project
  }
}

/** A verb's operands: a directory in the first place, if it can be nothing else, and services. */
export function directoryAndServices(operands: readonly string[]): {
  readonly directory: string | undefined
  readonly services: readonly string[]
} {
  const [first = '', ...rest] = operands
  const isPath = first.includes('/') || first === '.' || first === '..'
  const isPlace = isPath || (isDirectory(first) && !namesProject({}, caller()))
  return isPlace ? { directory: first, services: rest } : { directory: undefined, services: operands }
}

function isDirectory(path: string): boolean {
  return path !== '' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** The same as a document, which says what files say. */
export async function readDocument(values: NamedProject, more: Pick<LoadRequest, 'services' | 'wishes'>): Promise<Loaded> {
  const { loadDocument } = await import('#compose/model/load.ts')
  return await withRemotes((from) => loadDocument({ ...requestOf(values, undefined), ...more }, from))
}

/** The variables that replace those in a project's files: the caller's, and those of its `.env` under them. Without files, the caller's alone. */
export async function projectVariables(values: NamedProject, directory?: string): Promise<Readonly<Record<string, string | undefined>>> {
  const request = requestOf(values, directory)
  if (!namesProject(request, caller())) return callerEnvironment()
  const { locate } = await import('#compose/model/locate.ts')
  return await withRemotes((from) => locate(request, from).variables)
}

/** The same with variables left in place. */
export async function readOpen(
  values: NamedProject,
  { narrows = false, ...more }: Pick<LoadRequest, 'services' | 'wishes'> & { readonly narrows?: boolean },
): Promise<OpenProject> {
  const { loadOpen, narrowed } = await import('#compose/model/open.ts')
  const request = { ...requestOf(values, undefined), ...more }
  const open = await withRemotes((from) => loadOpen(request, from))
  return narrows ? narrowed(open, request) : open
}

function tellGuess(unread: string, name: string): void {
  say(`warning: ${unread}`, process.stderr)
  say(`The project is taken to be ${name}; another one is named by -p NAME.`, process.stderr)
}

/**
 * The project's name; undefined when nothing here says which project is meant. Its files need not be right, and may be gone: then it is
 * the project whose containers were made from here.
 */
export async function nameOfProject(values: NamedProject, directory?: string): Promise<string | undefined> {
  const given = values['project-name'] ?? process.env['COMPOSE_PROJECT_NAME']
  if (given !== undefined) return checkedName(given)
  const request = requestOf(values, directory)
  if (!namesProject(request, caller())) return await nameByPlace(request)
  try {
    const { projectNameOf } = await import('#compose/model/name.ts')
    const { name, unread } = await withRemotes((from) => projectNameOf(request, from))
    if (unread !== undefined) tellGuess(unread, name)
    return name
  } catch (error) {
    const isGone = error instanceof GalleyError && error.code === 'compose.no-file'
    const name = isGone ? await nameByPlace(request) : undefined
    if (name === undefined) throw error
    return name
  }
}

/** The project whose containers were made from the files of a directory. */
async function nameByPlace({ projectDirectory, files = [], directory = '.' }: LoadRequest): Promise<string | undefined> {
  const { askJson } = await import('./connect.ts')
  const place = resolve(projectDirectory ?? (files[0] === undefined ? directory : dirname(files[0])))
  const filters = encodeURIComponent(JSON.stringify({ label: [`${label.workingDirectory}=${place}`] }))
  const rows = await askJson<{ readonly Labels: Readonly<Record<string, string>> }[]>(`/containers/json?all=1&filters=${filters}`)
  return rows[0]?.Labels[label.project]
}

/** As `nameOfProject`, for a command that is about a project always. Throws `not found`. */
export async function requiredName(values: NamedProject, directory?: string): Promise<string> {
  const name = await nameOfProject(values, directory)
  if (name !== undefined) return name
  throw new GalleyError('not found', 'no Compose file and no Dockerfile here', {
    code: 'compose.no-file',
    advice: 'Go to the project, or name it: -p NAME.',
  })
}

function requestOf(values: NamedProject, directory: string | undefined): LoadRequest {
  return {
    directory,
    files: values.file ?? [],
    projectName: values['project-name'],
    projectDirectory: values['project-directory'],
    envFiles: values['env-file'],
    profiles: values.profile,
    ...(values['all-resources'] === true && { wishes: { keepsUnused: true } }),
  }
}

/** Reads what may need files from elsewhere: these are fetched as they turn up, and then it is read again. */
async function withRemotes<T>(read: (from: Caller) => T | Promise<T>): Promise<T> {
  const remotes = new Map<string, string>()
  for (;;)
    try {
      return await read({ ...caller(), remotes })
    } catch (error) {
      if (!(error instanceof RemoteWanted)) throw error
      const { fetchRemote, most } = await import('./remote-files.ts')
      if (remotes.size === most) throw new GalleyError('invalid', `more than ${most} files from elsewhere are included`, { cause: error })
      remotes.set(error.reference, await fetchRemote(error.reference))
    }
}

function caller(): Caller {
  return { directory: process.cwd(), environment: callerEnvironment() }
}
