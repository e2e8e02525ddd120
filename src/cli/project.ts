import { statSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { namesProject, type Caller, type LoadRequest } from '#compose/model/find.ts'
import type { Loaded } from '#compose/model/load.ts'
import type { Project } from '#compose/model/model.ts'
import { checkedName } from '#compose/model/project-name.ts'

/** The values of the options that name a project (`projectOptions`). */
export interface NamedProject {
  readonly file?: readonly string[] | undefined
  readonly 'project-name'?: string | undefined
  readonly 'project-directory'?: string | undefined
  readonly 'env-file'?: readonly string[] | undefined
  readonly profile?: readonly string[] | undefined
}

/** Reads the project that a command is about, with this shell's files and environment. */
export async function readProject(values: NamedProject, directory?: string, services: readonly string[] = []): Promise<Project> {
  const { loadProject } = await import('#compose/model/load.ts')
  return loadProject({ ...requestOf(values, directory), services }, caller())
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
    const isBare = error instanceof GalleyError && error.code === 'compose.no-file' && error.subject !== undefined
    if (!isBare || services.length > 0 || values['project-directory'] !== undefined) throw error
    const { keep, proposalFor, show } = await import('./propose.ts')
    const proposal = proposalFor(error.subject)
    if (proposal === undefined) throw error
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
  return loadDocument({ ...requestOf(values, undefined), ...more }, caller())
}

/** The project's name; undefined when nothing here says which project is meant. Reads no file when the name is given. */
export async function nameOfProject(values: NamedProject, directory?: string): Promise<string | undefined> {
  const given = values['project-name'] ?? process.env['COMPOSE_PROJECT_NAME']
  if (given !== undefined) return checkedName(given)
  return namesProject(requestOf(values, directory), caller()) ? (await readProject(values, directory)).name : undefined
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
  }
}

function caller(): Caller {
  return { directory: process.cwd(), environment: process.env }
}
