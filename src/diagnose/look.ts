import type { Verdict } from '#compose/apply/verdict.ts'
import type { Watched } from '#compose/apply/watch.ts'
import type { ContainerView, World } from '#compose/apply/world.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { containerName } from '#compose/plan/container.ts'
import { isLoopback, type Listener } from '#host/netns/listener.ts'
import { ago, endsAgain } from './words.ts'

/** Milliseconds that a program may take before its published port must be listened on. */
const patience = 10_000

/** A program that was started again so often, and runs for fewer milliseconds (as many as after which Docker's backoff begins anew), is about to end. */
const [often, stable] = [2, 10_000]

/** A service as it is now, in the shape in which `up` sees it, with one line that says so. */
export interface Looked extends Watched {
  readonly story: string
}

/** Looks at the containers of a project's services, without waiting for anything. */
export async function look(project: Project, world: World): Promise<Looked[]> {
  const { containers } = await world.observe(project.name, [])
  const looked = Object.values(project.services).flatMap((service) => {
    const own = containers.filter((one) => one.service === service.name && !one.oneOff && !one.understudy)
    if (own.length === 0) return [absent(service, containerName(project, service, 1))]
    return own.flatMap(({ name }) => {
      const view = world.containers.find(name)
      return view === undefined ? [] : [lookAtContainer(service, view, world)]
    })
  })
  const missing = new Set(
    looked.filter(({ verdict }) => verdict.state === 'waiting' || verdict.state === 'failed').map(({ service }) => service.name),
  )
  return looked.map((one) => (isUnstarted(one) ? waiting(one, missing) : one))
}

const unstarted = 'was never started'

/** Whether a container was made, and nobody has tried to start it. */
export function isUnstarted({ verdict }: Looked): boolean {
  return verdict.text === unstarted
}

/** Of a container that was made and not started, an earlier `up` tells no more; what it waits for does. */
function waiting(one: Looked, missing: ReadonlySet<string>): Looked {
  const awaited = Object.keys(one.service.dependsOn).filter((name) => missing.has(name))
  const text = awaited.length === 0 ? unstarted : `waits for ${awaited.join(', ')}`
  return { ...one, verdict: { state: 'waiting', text }, story: awaited.length === 0 ? `${text}: galley up starts it` : text }
}

/** `container` is the name that it would have: its service's may be another project's container's. */
function absent(service: Service, container: string): Looked {
  const text = 'has no container'
  return {
    service,
    container,
    verdict: { state: 'waiting', text },
    ends: 0,
    listeners: undefined,
    port: { state: 'closed' },
    story: `${text}: galley up makes it`,
  }
}

/** One container, as that of a service. */
export function lookAtContainer(service: Service, view: ContainerView, world: World): Looked {
  const listeners = world.containers.listeners(view.name)
  const now = world.clock.now()
  const verdict = judgeNow(service, view, { listeners, now })
  return {
    service,
    container: view.name,
    verdict,
    ends: view.restartCount,
    listeners,
    port: { state: 'closed' },
    story: storyOf(view, verdict, now),
  }
}

function judgeNow(
  { ports }: Service,
  { status, exitCode, restartPolicy, restartCount, health, startedAt, error }: ContainerView,
  { listeners = [], now }: { readonly listeners: readonly Listener[] | undefined; readonly now: number },
): Verdict {
  if (status === 'created') return { state: 'failed', text: error === '' ? unstarted : `could not be started: ${error}` }
  if (status === 'exited' || status === 'dead') {
    const well = exitCode === 0 && restartPolicy !== 'always' && restartPolicy !== 'unless-stopped'
    return { state: well ? 'completed' : 'failed', text: `ended with exit code ${exitCode}` }
  }
  if (status === 'restarting') return { state: 'failed', text: `ended with exit code ${exitCode}, and is started again` }
  if (health?.status === 'unhealthy') return { state: 'failed', text: 'its health check fails' }
  if (status === 'paused') return { state: 'failed', text: 'is paused: docker unpause' }
  const wanted = ports.filter(({ protocol }) => protocol === 'tcp').map(({ target }) => target)
  const open = listeners.filter((listener) => !isLoopback(listener)).map(({ port }) => port)
  const serves = wanted.some((port) => open.includes(port))
  // What it was started again for may have come.
  if (!serves && restartCount >= often && now - startedAt < stable) return { state: 'failed', text: endsAgain }
  const silent = wanted.length > 0 && !serves
  if (silent && now - startedAt > patience) return { state: 'failed', text: 'nothing listens on its published port' }
  return { state: 'up', text: health === undefined ? 'running' : `running, ${health.status}` }
}

function storyOf({ startedAt, restartCount, oomKilled, memoryLimit }: ContainerView, { text }: Verdict, now: number): string {
  const since = startedAt === 0 ? [] : [`started ${ago(now - startedAt)} ago`]
  const again = restartCount === 0 ? [] : [`started again: ${restartCount}`]
  const memory = oomKilled ? ['out of memory'] : []
  const limit = memoryLimit === 0 ? [] : [`memory limit ${Math.round(memoryLimit / 2 ** 20)} MiB`]
  return [text, ...since, ...again, ...memory, ...limit].join('; ')
}
