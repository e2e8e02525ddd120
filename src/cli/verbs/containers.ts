import { dependenciesIn, label, type Dependency } from '#base/compose-labels.ts'
import { GalleyError } from '#base/error.ts'
import { inNaturalOrder } from '#base/natural-order.ts'
import { askJson } from '../connect.ts'
import { readHooks, type NamedProject } from '../project.ts'
import { say } from '../say.ts'
import { unknownService } from '#compose/model/unknown-service.ts'

/** A row of `GET /containers/json`, as far as it is used. */
export interface ContainerRow {
  readonly Id: string
  readonly Names: readonly string[]
  readonly Image: string
  readonly ImageID: string
  readonly Command: string
  readonly Created: number
  readonly State: string
  readonly Status: string
  readonly Labels: Readonly<Record<string, string>>
  readonly Ports: readonly { readonly IP?: string; readonly PrivatePort: number; readonly PublicPort?: number; readonly Type: string }[]
  readonly Mounts?: readonly { readonly Name?: string; readonly Source?: string; readonly Driver?: string }[]
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> }
}

/** The states of what the Engine API calls running, and those in which nothing runs, nor soon will. */
export const live: readonly string[] = ['running', 'paused', 'restarting']
export const ended: readonly string[] = ['created', 'exited', 'dead']

export function isRunning({ State }: Pick<ContainerRow, 'State'>): boolean {
  return live.includes(State)
}

/** The containers of a project, or of none in particular; those of `run` are left out. */
export async function containersOf(project: string | undefined, all: boolean): Promise<ContainerRow[]> {
  return (await rowsOf(project, all)).filter((row) => !isOneOff(row))
}

/** The same with those of `run`, running or not. */
export async function everyContainerOf(project: string | undefined): Promise<ContainerRow[]> {
  return await rowsOf(project, true)
}

/** The containers of services that `run` made; of all of them when none is named. */
export async function oneOffsOf(project: string, services: readonly string[]): Promise<ContainerRow[]> {
  const rows = await rowsOf(project, true)
  return rows.filter((row) => isOneOff(row) && (services.length === 0 || services.includes(serviceOf(row))))
}

function isOneOff({ Labels }: ContainerRow): boolean {
  return Labels[label.oneOff] === 'True'
}

async function rowsOf(project: string | undefined, all: boolean): Promise<ContainerRow[]> {
  const filters = project === undefined ? '' : `&filters=${encodeURIComponent(JSON.stringify({ label: [`${label.project}=${project}`] }))}`
  const rows = await askJson<ContainerRow[]>(`/containers/json?all=${all ? 1 : 0}${filters}`)
  return rows.toSorted((a, b) => inNaturalOrder(nameOf(a), nameOf(b)))
}

/** All of a project's containers when no service is named. Throws `not found`. */
export async function containersOfServices(project: string, services: readonly string[], all = true): Promise<ContainerRow[]> {
  const every = await containersOf(project, true)
  if (every.length === 0)
    throw new GalleyError('not found', `project "${project}" has no containers`, {
      code: 'compose.no-containers',
      subject: project,
      advice: 'galley up makes them.',
    })
  const names = [...new Set(every.map(serviceOf))]
  const unknown = services.find((service) => !names.includes(service))
  if (unknown !== undefined) throw unknownService(unknown, names)
  return every.filter((row) => (services.length === 0 || services.includes(serviceOf(row))) && (all || row.State === 'running'))
}

/** Containers by their names, whatever project they are of: for whoever is where there is none. Throws `not found`. */
export async function containersNamed(names: readonly string[]): Promise<ContainerRow[]> {
  const every = await everyContainerOf(undefined)
  return names.map((name) => {
    const row = every.find((one) => nameOf(one) === name)
    if (row !== undefined) return row
    throw new GalleyError('not found', `there is no container ${name}, and no Compose file here of which it could be a service`, {
      code: 'container.not-found',
      subject: name,
      advice: 'galley ls lists projects, galley logs -p NAME shows the logs of one.',
    })
  })
}

/**
 * As `containersOfServices`, for what there is nothing to do for where there are none: services without containers need only be in the
 * project's files. Throws `not found`.
 */
export async function containersIfAny(project: string, services: readonly string[], values: NamedProject): Promise<ContainerRow[]> {
  const every = await containersOf(project, true)
  if (every.length === 0) say(`warning: project "${project}" has no containers`, process.stderr)
  const made = every.map(serviceOf)
  const unmade = services.filter((service) => !made.includes(service))
  if (unmade.length > 0) await checkDeclared(unmade, made, values)
  return services.length === 0 ? every : every.filter((row) => services.includes(serviceOf(row)))
}

async function checkDeclared(services: readonly string[], made: readonly string[], values: NamedProject): Promise<void> {
  const declared = Object.keys((await readHooks(values))?.services ?? {})
  const unknown = services.find((service) => !declared.includes(service))
  if (unknown !== undefined) throw unknownService(unknown, [...new Set([...made, ...declared])])
}

/** The values of the options that say which container of a service is meant. */
type Which = NamedProject & { readonly index?: string | undefined }

/** One container of a service: the first that runs, also one of `run` where there is no other, or the one with a number. Throws `not found`. */
export async function containerOf(project: string, service: string, values: Which): Promise<ContainerRow> {
  const number = values.index
  const every = await containersOf(project, true)
  const rows = every.filter((row) => serviceOf(row) === service)
  const found =
    number === undefined
      ? (rows.find(({ State }) => State === 'running') ?? (await runningOneOff(project, service)) ?? rows[0])
      : rows.find((one) => numberOf(one) === Number(number))
  if (found !== undefined) return found
  if (every.length > 0 && rows.length === 0) await checkDeclared([service], every.map(serviceOf), values)
  const message = number === undefined ? `service "${service}" is not running` : `service "${service}" is not running container #${number}`
  throw new GalleyError('not found', message, {
    code: 'compose.no-containers',
    subject: service,
    advice: rows.length === 0 ? 'galley up makes its containers.' : `There is ${rows.map(numberOf).join(', ')}.`,
  })
}

async function runningOneOff(project: string, service: string): Promise<ContainerRow | undefined> {
  const filters = JSON.stringify({ label: [`${label.project}=${project}`, `${label.service}=${service}`] })
  return (await askJson<ContainerRow[]>(`/containers/json?filters=${encodeURIComponent(filters)}`))[0]
}

/** The container's name without the slash that Docker's API puts before it. */
export function nameOf({ Names }: Pick<ContainerRow, 'Names'>): string {
  return Names[0]?.slice(1) ?? ''
}

/** The name that people see beside its lines: without the project's, unless it was given a name of its own. */
export function nameInProject(row: Pick<ContainerRow, 'Names' | 'Labels'>): string {
  const [name, project] = [nameOf(row), row.Labels[label.project] ?? '']
  const isUsual = ['-', '_'].some((separator) => name === [project, serviceOf(row), numberOf(row)].join(separator))
  return isUsual ? name.slice(project.length + 1) : name
}

export function serviceOf({ Labels }: Pick<ContainerRow, 'Labels'>): string {
  return Labels[label.service] ?? ''
}

export function numberOf({ Labels }: Pick<ContainerRow, 'Labels'>): number {
  return Number(Labels[label.number] ?? 1)
}

/** A service's dependencies as its containers' labels tell them. */
export function dependenciesOf({ Labels }: ContainerRow): Dependency[] {
  return dependenciesIn(Labels[label.dependsOn])
}
