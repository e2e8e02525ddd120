import { GalleyError, kindOf, messageOf } from '#base/error.ts'
import type { Project, Service, WatchRule } from '#compose/model/model.ts'
import type { Line } from '#faces/galley/line.ts'
import type { Command, Syntax } from '../command.ts'
import { ask, askJson } from '../connect.ts'
import { loginHeaders } from '../logins.ts'
import { dryRunOptions, isRehearsal, planned, rehearsed, tellRehearsal } from '../dry-run.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { follow, progressOptions, type ProgressWishes } from '../progress.ts'
import { projectPath, rehearsalPath } from '../project-path.ts'
import { readProject } from '../project.ts'
import { say } from '../say.ts'
import { agreeToOthers } from '../agree.ts'
import { Changes } from '../watch/changes.ts'
import { selected, selectionOf } from '../watch/selection.ts'
import { inside, sync } from '../watch/sync.ts'
import { containersOfServices, type ContainerRow } from './containers.ts'
import { lifeCommand } from './life.ts'

const syntax = {
  usage: 'watch [SERVICE…]',
  does: `Brings services up, and then, until Ctrl-C, does what their develop.watch says whenever files change: copies them into the
containers, restarts these, runs a command inside, or builds the image anew.`,
  operands: Infinity,
  options: {
    ...projectOptions,
    ...dryRunOptions,
    progress: progressOptions.progress,
    quiet: { type: 'boolean', does: 'without what builds print' },
    prune: { type: 'boolean', default: true, does: 'remove an image that a rebuild took the name of, unless it is --prune=false' },
    yes: { type: 'boolean', short: 'y', does: 'a Compose file from elsewhere is trusted' },
    'no-up': { type: 'boolean', does: 'do not bring the services up first' },
  },
} as const satisfies Syntax

export const watch: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const project = await readProject(values, undefined, positionals)
    const rules = rulesOf(project, positionals)
    if (isRehearsal(values)) {
      const body = { project, partial: positionals.length > 0 }
      const comes = values['no-up'] === true ? [] : await rehearsed(rehearsalPath(project.name, 'plan'), { body })
      await tellRehearsal([...comes, ...rules.map(told)], values)
      return 0
    }
    await agreeToOthers(project, values)
    if (values['no-up'] !== true) {
      const code = await bringUp(builtAnew(project), {}, values)
      if (code !== 0) return code
    }
    using watched = await watching(project, positionals, values)
    await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
    await watched.done()
    return 130
  },
}

/** What changed while nobody watched is in no image yet: those that are watched and built are built first, as docker compose does. */
function builtAnew(project: Project): Project {
  const services = Object.values(project.services).map((service): [string, Service] => [
    service.name,
    service.build !== undefined && service.watch !== undefined ? { ...service, pullPolicy: { when: 'build' } } : service,
  ])
  return { ...project, services: Object.fromEntries(services) }
}

/** The rules of the services that are named, or of all. Throws `invalid` when there are none. */
export function rulesOf(project: Project, named: readonly string[]) {
  const rules = Object.values(project.services)
    .filter(({ name }) => named.length === 0 || named.includes(name))
    .flatMap((service) => (service.watch ?? []).map((rule) => ({ service, rule, selects: selectionOf(rule, service.build) })))
  if (rules.length === 0)
    throw new GalleyError('invalid', 'none of the selected services is configured for watch, consider setting a "develop" section')
  return rules
}

/** What a rule does once files change. */
function told({ service, rule }: ReturnType<typeof rulesOf>[number]): Line {
  const places = rule.action.startsWith('sync') ? [rule.path, rule.target] : [rule.path]
  return planned(`Service ${service.name}`, 'watch', [`${rule.action}: ${places.join(' → ')}`])
}

/** How builds are told of, and whether the images go that they replace. */
interface Telling extends ProgressWishes {
  readonly prune?: boolean | undefined
}

interface Watching extends Disposable {
  /** Resolves when what has been seen so far is carried out. */
  done(): Promise<unknown>
}

/** Does what the services' develop.watch says whenever files change, until it is disposed. Throws `invalid` when there are no rules. */
export async function watching(project: Project, named: readonly string[], telling: Telling): Promise<Watching> {
  const rules = rulesOf(project, named)
  if (rules.some(({ rule }) => rule.usesFormerSync === true))
    tell('warning: x-initialSync is DEPRECATED, please use the official `initial_sync` attribute')
  for (const { service, rule, selects } of rules)
    if (rule.initialSync && rule.action.startsWith('sync'))
      await carryOut(project, service, { rule: { ...rule, action: 'sync' }, paths: selected(rule, selects), telling: {} })
  const stack = new DisposableStack()
  let turn: Promise<unknown> = Promise.resolve()
  for (const { service, rule, selects } of rules)
    stack.use(
      new Changes(rule, selects, (paths) => {
        turn = turn.then(() => carryOut(project, service, { rule, paths, telling }))
      }),
    )
  tell('Watch enabled')
  return { done: () => turn, [Symbol.dispose]: () => stack.dispose() }
}

interface Change {
  readonly rule: WatchRule
  readonly paths: ReadonlySet<string>
  /** How a build is told of. */
  readonly telling: Telling
}

/** What goes wrong is said, and the next change is another try. */
async function carryOut(project: Project, service: Service, { rule, paths, telling }: Change): Promise<void> {
  try {
    if (rule.action === 'rebuild') {
      tell(`Rebuilding service(s) ["${service.name}"] after changes were detected...`)
      const alone = { ...project, services: { [service.name]: { ...service, dependsOn: {} } } }
      const before = await imageId(service.image)
      const code = await bringUp(alone, { partial: true, build: true, recreate: 'always' }, telling)
      if (code === 0) tell(`service(s) ["${service.name}"] successfully built`)
      if (telling.prune !== false) await pruneImage(before)
      return
    }
    const containers = await containersOfServices(project.name, [service.name], false)
    for (const container of containers) await carryOutIn(container, rule, paths)
    // With its hooks, and what restarts with it.
    if (rule.action.endsWith('restart'))
      await lifeCommand('restart').run(['-p', project.name, ...project.files.flatMap((file) => ['-f', file]), service.name])
    if (rule.action.endsWith('restart')) tell(`service(s) ["${service.name}"] restarted`)
    tell(`${wordOf[rule.action]} service ${service.name} after ${paths.size} change${paths.size === 1 ? '' : 's'}`)
  } catch (error) {
    tell(`${service.name}: ${messageOf(error)}`)
  }
}

const wordOf = {
  sync: 'Synced',
  'sync+restart': 'Synced and restarted',
  'sync+exec': 'Synced and ran a command in',
  restart: 'Restarted',
} as const

async function carryOutIn({ Id }: ContainerRow, rule: WatchRule, paths: ReadonlySet<string>): Promise<void> {
  if (rule.action.startsWith('sync')) await sync(Id, rule, paths)
  if (rule.action === 'sync+exec' && rule.exec !== undefined) process.stdout.write(await inside(Id, rule.exec))
}

interface ImageView {
  readonly Id: string
  readonly RepoTags: readonly string[] | null
}

/** Undefined where it isn't here. */
async function lookUp(image: string): Promise<ImageView | undefined> {
  return await askJson<ImageView>(`/images/${image}/json`).catch((error: unknown) => {
    if (kindOf(error) === 'not found') return undefined
    throw error
  })
}

async function imageId(name: string): Promise<string | undefined> {
  return (await lookUp(name))?.Id
}

/** Removes an image that has no name any more; one that a container is made of stays. */
async function pruneImage(id: string | undefined): Promise<void> {
  const view = id === undefined ? undefined : await lookUp(id)
  if (view === undefined || (view.RepoTags ?? []).length > 0) return
  await ask(`/images/${view.Id}`, { method: 'DELETE' }).catch((error: unknown) => {
    if (kindOf(error) !== 'conflict') throw error
  })
}

async function bringUp(
  project: Project,
  wishes: { readonly partial?: boolean; readonly build?: boolean; readonly recreate?: 'always' },
  telling: ProgressWishes,
): Promise<number> {
  return await follow(
    await ask(projectPath(project.name, 'up'), {
      method: 'POST',
      body: { project, detach: true, ...wishes },
      headers: loginHeaders(),
    }),
    telling,
  )
}

function tell(text: string): void {
  say(text, process.stderr)
}
