import { GalleyError } from '#base/error.ts'
import { KeyedTurns } from '#base/turns.ts'
import { down } from '#compose/apply/down.ts'
import { runOwnHooks } from '#compose/apply/hooks.ts'
import { makeImages } from '#compose/apply/images.ts'
import { prepareRun, type RunWishes } from '#compose/apply/run.ts'
import { tellPlan } from '#compose/apply/tell-plan.ts'
import { up, type UpOptions, type UpOutcome } from '#compose/apply/up.ts'
import { defaultLimits } from '#compose/apply/verdict.ts'
import type { Session, Told, World } from '#compose/apply/world.ts'
import { withHashes } from '#compose/model/hash.ts'
import type { HooksByService, LifeHooks, Project } from '#compose/model/model.ts'
import type { DownOptions } from '#compose/plan/down.ts'
import type { ImagesWishes } from '#compose/plan/images.ts'
import { collect, type Sources } from '#diagnose/collect.ts'
import { diagnose } from '#diagnose/diagnose.ts'
import { look } from '#diagnose/look.ts'
import { registryConfig } from '#faces/docker/registry-auth.ts'
import { readJson, type Call, type Routes } from '#faces/docker/route.ts'
import { forewarning } from './forewarn.ts'
import type { LintRequest } from './lint.ts'
import { tellLint, why, type Asked } from './looks.ts'
import { Printed } from './printed.ts'
import { sendLines, type Send } from './send-lines.ts'

/** Compose projects over Galley's own API; answers are JSON lines. A client that goes away interrupts what it asked for. */
export function projectRoutes(world: World, sources: Sources) {
  // One change of a project at a time: two at once would make the same container twice.
  const turns = new KeyedTurns()
  const answer = (call: Call, task: (send: Send) => Promise<boolean>): Promise<void> =>
    sendLines(call, (send) => {
      const project = call.params['name'] ?? ''
      if (turns.isBusy(project)) send({ type: 'note', text: 'Waiting for another command that changes this project.' })
      return turns.run(project, () => {
        // Whoever waited may have gone.
        call.signal.throwIfAborted()
        return task(send)
      })
    })
  const sessionOf = (call: Call, send: Send): Session => ({ world, report: send, ...asked(call) })
  return {
    'POST /galley/v1/projects/{name}/up': (call) =>
      answer(call, async (send) => {
        const { project, options, stopTimeout } = await readUp(call)
        const printed = new Printed(send)
        const session = { ...sessionOf(call, printed.send), ...stopTimeout, world: forewarning(world, { project, sources, send }) }
        const outcome = await up(project, options, session)
        if (!outcome.ok) await explain(project, outcome, { world, sources, printed, send })
        return outcome.ok
      }),
    'POST /galley/v1/projects/{name}/plan': (call) =>
      answer(call, async (send) => {
        const { project, options } = await readUp(call)
        return !(await tellPlan(project, options, { world, report: send }))
      }),
    'POST /galley/v1/projects/{name}/why': (call) =>
      sendLines(call, async (send) => {
        const { project, wishes } = await readProject(call)
        const services = Array.isArray(wishes['services']) ? wishes['services'].map(String) : []
        return await why(project, { services, advice: wishes['advice'] === true }, { world, sources, send })
      }),
    'POST /galley/v1/projects/{name}/lint': (call) =>
      sendLines(call, async (send) => {
        const { project, wishes } = await readProject(call)
        return await tellLint(project, wishes as unknown as LintRequest, { world, sources, send })
      }),
    'POST /galley/v1/projects/{name}/images': (call) =>
      answer(call, async (send) => {
        const { project, wishes } = await readProject(call)
        const printed = new Printed(send)
        const images = wishes as unknown as ImagesWishes
        const endings = await makeImages(project, images, sessionOf(call, printed.send))
        const ok = images.ignoreFailures === true || endings.every(({ state }) => state === 'done')
        if (!ok) await explain(project, { endings, watched: [] }, { world, sources, printed, send })
        return ok
      }),
    'POST /galley/v1/containers/{id}/hooks/{moment}': (call) =>
      sendLines(call, async (send) => {
        const { id = '', moment } = call.params
        if (moment !== 'post_start' && moment !== 'pre_stop') throw new GalleyError('not found', `no such moment: ${moment}`)
        const container = world.containers.find(id)
        if (container === undefined) throw new GalleyError('not found', `No such container: ${id}`, { subject: id })
        const { hooks } = await readJson(call)
        const told = toldBy(send, { id, subject: `Container ${container.name}` })
        await runOwnHooks(id, moment, { world, told, fromFiles: (hooks as LifeHooks | undefined)?.[moment] })
        return true
      }),
    'POST /galley/v1/projects/{name}/run': (call) =>
      answer(call, async (send) => {
        const { project, wishes } = await readProject(call)
        const id = await prepareRun(project, wishes as unknown as RunWishes, sessionOf(call, send))
        if (id !== undefined) send({ type: 'container', id })
        return true
      }),
    'POST /galley/v1/projects/{name}/down': (call) =>
      answer(call, async (send) => {
        const options = await readDown(call)
        return await down(call.params['name'] ?? '', options, sessionOf(call, send))
      }),
  } satisfies Routes
}

/** Whose a request is, and how it is carried out. */
function asked(call: Call): Omit<Session, 'world' | 'report'> {
  const known = registryConfig(call)
  const parallel = Number(call.query.get('parallel') ?? 0)
  return {
    signal: call.signal,
    credentials: (domain) => known.get(domain),
    rehearses: call.query.get('dry-run') === '1',
    ...(parallel > 0 && { parallel }),
  }
}

function toldBy(send: Send, about: { readonly id: string; readonly subject: string }): Told {
  return {
    progress: (detail) => send({ type: 'step', ...about, status: 'Hook', state: 'working', detail }),
    output: (text) => send({ type: 'output', ...about, text }),
    warning: (text) => send({ type: 'warning', text }),
  }
}

/** Tells why what failed did. */
async function explain(
  project: Project,
  outcome: Pick<UpOutcome, 'endings' | 'watched'>,
  { world, sources, printed, send }: Asked & { readonly printed: Printed },
): Promise<void> {
  using grounds = sources.grounds()
  const looked = outcome.watched.length > 0 ? [] : await look(project, world)
  const facts = await collect(project, outcome, { sources, groundOf: grounds.of, printedBy: printed.by, looked })
  for (const finding of diagnose(facts)) send({ type: 'finding', finding })
}

/** The model was checked where it was read, at the client; here only that it is one. */
async function readProject(call: Call): Promise<{ project: Project; wishes: Readonly<Record<string, unknown>> }> {
  const { project, ...wishes } = await readJson(call)
  const model = project as Project | undefined
  if (typeof model?.services !== 'object' || model.name !== call.params['name'])
    throw new GalleyError('invalid', 'the body must hold the project that the path names')
  return { project: withHashes(model), wishes }
}

async function readUp(
  call: Call,
): Promise<{ readonly project: Project; readonly options: UpOptions; readonly stopTimeout: Pick<Session, 'stopTimeout'> }> {
  const {
    project,
    wishes: { limits, ...given },
  } = await readProject(call)
  const wished = (limits ?? {}) as Record<string, unknown>
  const limit = (name: keyof typeof defaultLimits): number => (typeof wished[name] === 'number' ? wished[name] : defaultLimits[name])
  const scale = Object.entries((given['scale'] ?? {}) as Record<string, unknown>)
  return {
    project,
    stopTimeout: typeof given['stopTimeout'] === 'number' ? { stopTimeout: given['stopTimeout'] } : {},
    options: {
      build: given['build'] === true,
      detach: given['detach'] === true,
      removeOrphans: given['removeOrphans'] === true,
      ...(given['ignoreOrphans'] === true && { ignoreOrphans: true }),
      partial: given['partial'] === true,
      noStart: given['noStart'] === true,
      yes: given['yes'] === true,
      scale: Object.fromEntries(scale.map(([name, count]) => [name, Number(count)])),
      recreateDependencies: given['recreateDependencies'] === true,
      renewAnonymous: given['renewAnonymous'] === true,
      noBuild: given['noBuild'] === true,
      ...(Array.isArray(given['named']) && { named: given['named'].map(String) }),
      ...word('recreate', given, ['always', 'never']),
      ...word('pull', given, ['always', 'missing', 'never']),
      limits: { steady: limit('steady'), silent: limit('silent'), restarts: limit('restarts'), timeout: limit('timeout') },
    },
  }
}

async function readDown(call: Call): Promise<DownOptions> {
  const { volumes, services, timeout, images, hooks, declaredImages } = await readJson(call)
  return {
    volumes: volumes === true,
    services: Array.isArray(services) ? services.map(String) : [],
    ...(typeof timeout === 'number' && { timeout }),
    ...(typeof hooks === 'object' && { hooks: hooks as HooksByService }),
    ...word('images', { images }, ['all', 'local']),
    ...(declaredImages !== undefined && { declaredImages: declaredImages as Readonly<Record<string, string>> }),
  }
}

/** One of these words. Throws `invalid` for another. */
function word<const Word extends string>(name: string, given: Readonly<Record<string, unknown>>, words: readonly Word[]): object {
  const value = given[name]
  if (value === undefined) return {}
  if (words.some((one) => one === value)) return { [name]: value }
  throw new GalleyError('invalid', `${name} must be one of ${words.join(', ')}`)
}
