import { GalleyError } from '#base/error.ts'
import type { Listener } from '#host/netns/listener.ts'
import type { ContainerView, Told, World } from './world.ts'

/** Lines of a version that did not make it: as many as are shown, and as many as are looked at for why. */
const [shown, looked] = [10, 500]

/** What was seen of a container before it went. */
export interface LastSight {
  readonly view: ContainerView | undefined
  readonly listeners: readonly Listener[] | undefined
  /** The end of its log. */
  readonly log: readonly string[]
}

/** The next version of a container did not make it, and the old one goes on. */
export class RolledBack extends GalleyError {
  /** What it was, in a few words. */
  readonly why: string
  readonly seen: LastSight

  constructor(name: string, { why, seen, cause }: { readonly why: string; readonly seen: LastSight; readonly cause: unknown }) {
    super('conflict', `the new version did not make it (${why}); the old one goes on`, {
      code: 'compose.rolled-back',
      subject: name,
      cause,
    })
    this.why = why
    this.seen = seen
  }
}

/** Tells the last words of a container that is about to go; resolves with what was seen of it. */
export async function lastSightOf(container: string, { containers }: World, told: Told): Promise<LastSight> {
  const view = containers.find(container)
  const log = await containers.logTail(container, looked).catch(() => [])
  for (const line of lastWords({ view, log }, shown)) told.output(line)
  return { view, listeners: containers.listeners(container), log }
}

/** The last `count` lines that it wrote, and what its health check said. */
export function lastWords({ view, log }: Pick<LastSight, 'view' | 'log'>, count: number): string[] {
  const health = view?.health?.last
  return [...log.slice(-count), ...(health === undefined || health.exitCode === 0 ? [] : [checkText(health)])]
}

function checkText({ exitCode, output }: NonNullable<NonNullable<ContainerView['health']>['last']>): string {
  const said = output.trim()
  return said === '' ? `health check: exit code ${exitCode}` : `health check: exit code ${exitCode}: ${said}`
}
