import { sleep } from '#base/clock.ts'
import { isLoopback, type Listener } from '#host/netns/listener.ts'
import type { Project, Service } from '#compose/model/model.ts'
import type { Plan } from '#compose/plan/plan.ts'
import { probe, reachableHost } from './probe.ts'
import { judge, limitsText, type Limits, type PortState, type Verdict } from './verdict.ts'
import type { Session, World } from './world.ts'

/** Milliseconds for which the others are waited for once a service has failed: nobody wants to wait for a failure to be told. */
const afterFailure = 5000

/** Milliseconds between two looks at who listens: the kernel tells nobody when a socket begins to. Only while `up` waits. */
const interval = 200

/** Milliseconds after which it is told what is waited for: most services are up before. */
const unexplained = 1000

export interface Watching extends Session {
  readonly limits: Limits
}

/** What was seen of a service. */
export interface Watched {
  readonly service: Service
  readonly container: string
  verdict: Verdict
  /** How often its process ended since what it depends on was up. */
  ends: number
  /** Who listened inside when it last ran; undefined when it was never seen running. */
  listeners: readonly Listener[] | undefined
  /** How its published ports do in this run of its process. */
  port: PortState
  /** Since when it is listened on for the container itself alone, while it is (milliseconds since the epoch). */
  inside?: number | undefined
}

/** Waits until every container is up, completed or failed. */
export async function watchServices(
  { services }: Pick<Project, 'services'>,
  containers: Plan['containers'],
  watching: Watching,
): Promise<Watched[]> {
  const { world, signal } = watching
  const began = world.clock.now()
  const all = containers.map(({ service, name }) => begin(services[service]!, name)) // the plan is about these services
  let woken = Promise.withResolvers<void>()
  const wake = (): void => woken.resolve()
  using _changes = world.containers.changed(({ container, action }) => {
    const watched = all.find((one) => world.containers.find(one.container)?.id === container)
    if (watched === undefined) return
    if (action === 'die') ended(watched, all)
    sample(watched, world)
    wake()
  })
  let failedAt = Infinity
  let isTold = false
  for (;;) {
    for (const watched of all)
      if (watched.verdict.state === 'waiting') look(watched, watching, { elapsed: world.clock.now() - began, wake })
    const states = all.map(({ verdict }) => verdict.state)
    if (states.includes('failed')) failedAt = Math.min(failedAt, world.clock.now())
    if (!states.includes('waiting') || world.clock.now() - failedAt >= afterFailure) return all
    if (!isTold && world.clock.now() - began >= unexplained) {
      watching.report({ type: 'note', text: limitsText(watching.limits) })
      isTold = true
    }
    await Promise.race([woken.promise, sleep(world.clock, interval, signal)])
    woken = Promise.withResolvers()
  }
}

function begin(service: Service, container: string): Watched {
  return {
    service,
    container,
    verdict: { state: 'waiting', text: '' },
    ends: 0,
    listeners: undefined,
    port: { state: 'closed' },
  }
}

/** An end counts only once the service had what it depends on: before that, starting again is what it should do. */
function ended(watched: Watched, all: readonly Watched[]): void {
  const waits = all.some(({ service, verdict }) => verdict.state === 'waiting' && service.name in watched.service.dependsOn)
  if (!waits) watched.ends++
  watched.port = { state: 'closed' }
  watched.inside = undefined
  if (watched.verdict.state === 'up') watched.verdict = { state: 'waiting', text: 'ended after it was up' }
}

/** Returns who listens now; what is kept is the last that was seen. */
function sample(watched: Watched, { containers }: World): readonly Listener[] {
  const now = containers.listeners(watched.container)
  watched.listeners = now ?? watched.listeners
  return now ?? []
}

interface Round {
  /** Milliseconds since `up` began to wait. */
  readonly elapsed: number
  /** What was asked for has come: there is something new to judge. */
  readonly wake: () => void
}

function look(watched: Watched, { world, report, limits }: Watching, { elapsed, wake }: Round): void {
  const listeners = sample(watched, world)
  const { service, container, ends } = watched
  const view = world.containers.find(container)
  const publishes = service.ports.some(({ protocol }) => protocol === 'tcp')
  if (publishes && watched.port.state === 'closed' && isListening(service, listeners))
    askPort(watched, { world, patience: limits.timeout, wake })
  const isInside = watched.port.state === 'closed' && isListening(service, listeners, isLoopback)
  watched.inside = isInside ? (watched.inside ?? world.clock.now()) : undefined
  const port: PortState = watched.inside === undefined ? watched.port : { state: 'closed', inside: watched.inside }
  const verdict = judge({ container: view, now: world.clock.now(), elapsed, ends, port: publishes ? port : undefined }, limits)
  if (verdict.state !== watched.verdict.state || verdict.text !== watched.verdict.text)
    report({ type: 'service', service: service.name, subject: `Container ${container}`, ...verdict })
  watched.verdict = verdict
}

/** Whether any published TCP port is listened on, by listeners of a kind: where a connection from outside arrives, if not said otherwise. */
function isListening(service: Service, listeners: readonly Listener[], kind = (one: Listener): boolean => !isLoopback(one)): boolean {
  const ports = service.ports.filter(({ protocol }) => protocol === 'tcp')
  return listeners.some((listener) => kind(listener) && ports.some(({ target }) => target === listener.port))
}

/** Asked once in each run, and not before the port is open: a database counts connections that break off. */
function askPort(
  watched: Watched,
  { world: { containers, clock }, patience, wake }: { readonly world: World; readonly patience: number; readonly wake: () => void },
): void {
  const open: PortState = { state: 'open', since: clock.now() }
  watched.port = open
  for (const { hostIp, hostPort, containerPort, protocol } of containers.find(watched.container)?.ports ?? []) {
    if (protocol !== 'tcp' || !watched.listeners?.some(({ port }) => port === containerPort)) continue
    void probe(reachableHost(hostIp), hostPort, { clock, patience }).then((answer) => {
      // The process may have ended meanwhile, and another one be there.
      if (answer === 'nothing' || watched.port !== open) return
      watched.port = { state: 'answers' }
      wake()
    })
  }
}
