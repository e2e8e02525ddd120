import type { Project, Service } from '#compose/model/model.ts'
import { hasColors } from '../colors.ts'
import { askJson } from '../connect.ts'
import { say } from '../say.ts'
import { containersOfServices, nameInProject, serviceOf, type ContainerRow } from './containers.ts'
import { followLogs } from './follow-logs.ts'
import { lifeCommand } from './life.ts'
import { LogPrinter } from './log-printer.ts'

export interface Attaching {
  /** Whether a service's output is shown. */
  readonly shows: (service: Service) => boolean
  readonly looks: { readonly timestamps: boolean; readonly color: boolean; readonly prefix: boolean }
  /** The services that are named, which alone are stopped at the end; all of them when none is. */
  readonly named: readonly string[]
  /** Which end of a container ends all of them. */
  readonly until: 'all have ended' | 'one ends' | 'one fails'
  /** The service whose exit code is the command's. */
  readonly codeFrom: string | undefined
  /** Seconds that each may take to stop at the end, instead of its own time. */
  readonly stopTimeout: string | undefined
}

/**
 * Shows what services write until all have ended, or what ends them comes: a container's end, where that is asked for, or Ctrl-C, a second
 * one leaving them to it. `begun` is when `up` was asked for. Where files are watched, `changed` resolves when what they called for is
 * done: those that run again then are shown on. Resolves with the exit code.
 */
export async function attach(
  { name, services }: Project,
  { shows, named, until, codeFrom, looks, stopTimeout, begun }: Attaching & { readonly begun: number },
  changed?: () => Promise<unknown>,
): Promise<number> {
  const rows = await containersOfServices(name, Object.keys(services))
  const isShown = (row: Pick<ContainerRow, 'Labels'>): boolean => {
    const service = services[serviceOf(row)]
    return service !== undefined && shows(service)
  }
  const attached = rows.filter(isShown)
  const isNamed = (row: ContainerRow): boolean => named.includes(serviceOf(row))
  if (attached.length > 0) say(`Attaching to ${attached.map(nameInProject).join(', ')}`)
  const color = looks.color && hasColors(process.stdout)
  const query = new URLSearchParams({ follow: '1', tail: 'all', timestamps: looks.timestamps ? '1' : '0' })
  const printer = new LogPrinter({ query, prefix: looks.prefix, color }, attached)
  let isStopping = false
  const shown = followLogs(attached, {
    project: name,
    printer,
    isShown: (Labels) => isShown({ Labels }),
    since: begun,
    // What the named ones depend on is shown as long as they run.
    ...(attached.some(isNamed) && { counts: isNamed }),
    onFailure: (service) => void (isStopping || say(`galley why -p ${name} ${service} tells why`, process.stderr)),
    changed,
  })
  // Where nothing is shown, their ends alone can be waited for.
  const ends = until === 'all have ended' && attached.length > 0 ? [] : rows.map(endOf)
  const over = ends.length === 0 ? shown : Promise.all(ends)
  // What can't be shown ends the command at once.
  const unshown = shown.then(() => new Promise<never>(() => undefined))
  const { code, why, byHand } = await Promise.race([
    interruption(),
    unshown,
    ...ends.map((end) => abortion(end, until)),
    over.then((): Ending => ({ code: 0, byHand: false })),
  ])
  if (why !== undefined) {
    isStopping = true
    say(why, process.stderr)
    process.once('SIGINT', () => process.exit(130))
    const within = stopTimeout === undefined ? [] : ['--timeout', stopTimeout]
    const stop = lifeCommand('stop', (row, line) => printer.hook(row, line))
    await stop.run(['-p', name, ...within, ...new Set(named.length > 0 ? named : rows.map(serviceOf))])
    await shown
  }
  return byHand || codeFrom === undefined ? code : ((await Promise.all(ends)).find(({ service }) => service === codeFrom)?.code ?? code)
}

/** How it comes to an end. */
interface Ending {
  readonly code: number
  /** What is said before all are stopped; absent when nothing is left to stop. */
  readonly why?: string
  readonly byHand: boolean
}

function interruption(): Promise<Ending> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve({ code: 130, why: 'Gracefully stopping... (press Ctrl+C again to force)', byHand: true }))
    process.once('SIGTERM', () => resolve({ code: 143, why: 'Gracefully stopping...', byHand: true }))
  })
}

interface End {
  readonly service: string
  readonly code: number
}

async function endOf(row: ContainerRow): Promise<End> {
  const { StatusCode } = await askJson<{ StatusCode: number }>(`/containers/${row.Id}/wait?condition=not-running`, { method: 'POST' })
  return { service: serviceOf(row), code: StatusCode }
}

/** Never, when a container's end is none. */
async function abortion(end: Promise<End>, until: Attaching['until']): Promise<Ending> {
  const { code } = await end
  if (until === 'all have ended' || (code === 0 && until === 'one fails')) return await new Promise(() => undefined)
  return { code, why: 'Aborting on container exit...', byHand: false }
}
