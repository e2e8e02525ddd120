import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { alone } from '#compose/model/alone.ts'
import type { Project } from '#compose/model/model.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { dryRunOptions, isRehearsal, rehearse } from '../dry-run.ts'
import { loginHeaders } from '../logins.ts'
import { numberOf, parseOptions, secondsOf, projectOptions, type Options } from '../options.ts'
import { follow, progressOptions, quietOptions } from '../progress.ts'
import { orphanWishes } from '../orphan-wishes.ts'
import { projectPath, rehearsalPath } from '../project-path.ts'
import { pullWish } from '../pull-wish.ts'
import { directoryAndServices, readOrPropose, readProject, type NamedProject } from '../project.ts'
import { attachingOf, attachOptions, checkAttaching } from './attach-options.ts'
import { agreeToOthers } from '../agree.ts'
import { unknownService } from '#compose/model/unknown-service.ts'

const limitOptions = {
  'stop-timeout': {
    type: 'string',
    value: 'SECONDS',
    does: "how long a container that is replaced, removed or left by Ctrl-C may take to stop, instead of its own time; docker compose's --timeout",
  },
  timeout: { type: 'string', value: 'SECONDS', does: 'a service that is not up by then has failed (180)' },
  'wait-timeout': { type: 'string', value: 'SECONDS', does: 'the same, as docker compose calls it' },
  restarts: { type: 'string', value: 'N', does: 'a service whose process ended so often has failed (3)' },
  steady: { type: 'string', value: 'SECONDS', does: 'a service without a port and a health check is up after running so long (3)' },
} as const satisfies Options

/** What says how a project comes up; `diff` tells what would happen with the same ones. */
export const upOptions = {
  ...projectOptions,
  build: { type: 'boolean', does: 'build images anew that are here already' },
  'no-build': { type: 'boolean', does: 'build nothing: images that are not here are an error' },
  'no-deps': { type: 'boolean', does: 'only the services that are named, not what they depend on' },
  'force-recreate': { type: 'boolean', does: 'make containers anew that do not differ, too' },
  'always-recreate-deps': { type: 'boolean', does: 'make containers anew of what the named services depend on' },
  'renew-anon-volumes': { type: 'boolean', short: 'V', does: 'make containers anew, with empty anonymous volumes' },
  'no-recreate': { type: 'boolean', does: 'leave containers that are there as they are' },
  'no-start': { type: 'boolean', does: 'make containers without starting them' },
  pull: { type: 'string', value: 'WHEN', does: 'pull images always, when they are missing, or never' },
  'all-resources': { type: 'boolean', does: 'also networks and volumes that no service uses' },
  'remove-orphans': { type: 'boolean', does: 'remove containers of services that the file no longer has' },
  yes: {
    type: 'boolean',
    short: 'y',
    does: 'do not ask: a volume whose declaration changed is made anew, without its data, and a Compose file from elsewhere is trusted',
  },
  scale: { type: 'string', multiple: true, value: 'SERVICE=N', does: 'how many containers a service has, instead of what the file says' },
} as const satisfies Options

/** How `galley up` is written. */
export const upSyntax = {
  usage: 'up [DIR] [SERVICE…]',
  does: `Runs the Compose file of a directory, or its Dockerfile: makes what is missing or differs, waits until every service is up, and
prints the addresses last. Where there is neither, a Dockerfile for what lies there is shown, kept and run: for a jar, a Gradle, Maven,
Node.js, Python, PHP or Go project, or a static site. A running service is updated without a failed request where two of it may run for a moment.
Exit code 1 and an explanation when a service failed; what runs stays running.`,
  operands: Infinity,
  options: {
    ...upOptions,
    ...limitOptions,
    detach: { type: 'boolean', short: 'd', does: "don't wait until the services are up" },
    ...attachOptions,
    watch: { type: 'boolean', short: 'w', does: 'attach, and do what develop.watch says whenever files change' },
    wait: { type: 'boolean', does: 'wait until the services are up, as without -d' },
    ...dryRunOptions,
    verbose: { type: 'boolean', does: 'plain lines, with all that builds print' },
    ...quietOptions,
    ...progressOptions,
  },
  refused: { menu: { type: 'boolean', does: 'There are no shortcuts; watch, logs and stop are commands of their own.' } },
} as const satisfies Syntax

export const up: Command = {
  syntax: upSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, upSyntax)
    return await bringUp(values, positionals)
  },
}

type Values = ReturnType<typeof parseOptions<(typeof upSyntax)['options']>>['values']

/** `galley up` with these options and operands; resolves with the exit code. */
export async function bringUp(values: Values, positionals: readonly string[]): Promise<number> {
  const { services } = directoryAndServices(positionals)
  const attaching = attachingOf(values, services)
  const { project, body } = await upRequest(values, positionals, values['dry-run'] === true ? 'shown' : 'written')
  checkAttaching(values, project)
  const watcher = values.watch === true ? await import('./watch.ts') : undefined
  watcher?.rulesOf(project, services)
  if (isRehearsal(values)) return await rehearse(rehearsalPath(project.name, 'plan'), { body }, values)
  await agreeToOthers(project, values)
  const begun = systemClock.now()
  const response = await ask(projectPath(project.name, 'up'), {
    method: 'POST',
    headers: loginHeaders(),
    body: {
      ...body,
      stopTimeout: secondsOf(values['stop-timeout'], 'stop-timeout'),
      // What an attached one writes is shown at once, and what ends is no failure to come up.
      detach: (values.detach === true && values.wait !== true) || attaching !== undefined,
      limits: {
        timeout: numberOf(values['wait-timeout'], 'wait-timeout', 1000) ?? numberOf(values.timeout, 'timeout', 1000),
        restarts: numberOf(values.restarts, 'restarts'),
        steady: numberOf(values.steady, 'steady', 1000),
      },
    },
  })
  const code = await follow(response, values)
  if (attaching === undefined || code !== 0 || Object.keys(project.services).length === 0) return code
  using watching = await watcher?.watching(project, services, values)
  const { attach } = await import('./attached-up.ts')
  return await attach(project, { ...attaching, begun }, watching?.done)
}

/** The values of `upOptions`. */
export interface UpValues extends NamedProject {
  readonly build?: boolean | undefined
  readonly 'no-build'?: boolean | undefined
  readonly 'always-recreate-deps'?: boolean | undefined
  readonly 'renew-anon-volumes'?: boolean | undefined
  readonly 'no-deps'?: boolean | undefined
  readonly 'force-recreate'?: boolean | undefined
  readonly 'no-recreate'?: boolean | undefined
  readonly 'no-start'?: boolean | undefined
  readonly pull?: string | undefined
  readonly 'remove-orphans'?: boolean | undefined
  readonly yes?: boolean | undefined
  readonly scale?: readonly string[] | undefined
}

/** The project, and what the daemon is asked for. Where there is nothing to run, a Dockerfile may be proposed. Throws `invalid`. */
export async function upRequest(
  values: UpValues,
  operands: readonly string[],
  proposing: 'written' | 'shown' | 'none' = 'none',
): Promise<{ readonly project: Project; readonly body: object }> {
  refuseContradictions(values)
  const { directory, services } = directoryAndServices(operands)
  const whole = await (proposing === 'none'
    ? readProject(values, directory, services)
    : readOrPropose(values, { directory, services }, proposing))
  const project = values['no-deps'] === true && services.length > 0 ? alone(whole, services) : whole
  return {
    project,
    body: {
      project,
      // docker compose's create has it among the times to pull.
      build: values.build === true || values.pull === 'build',
      ...(await orphanWishes(values, directory)),
      noStart: values['no-start'] === true,
      yes: values.yes === true,
      scale: scaleOf(values.scale ?? [], project),
      pull: pullWish(values.pull === 'build' ? undefined : values.pull),
      noBuild: values['no-build'] === true,
      recreate: values['no-recreate'] === true ? 'never' : isForced(values) ? 'always' : undefined,
      ...(services.length > 0 && { named: services }),
      recreateDependencies: values['always-recreate-deps'] === true,
      renewAnonymous: values['renew-anon-volumes'] === true,
    },
  }
}

function isForced(values: UpValues): boolean {
  return values['force-recreate'] === true || values['renew-anon-volumes'] === true
}

const contradictions = [
  ['force-recreate', 'no-recreate'],
  ['always-recreate-deps', 'no-recreate'],
  ['build', 'no-build'],
] as const

function refuseContradictions(values: UpValues): void {
  const [one, other] = contradictions.find((names) => names.every((name) => values[name] === true)) ?? []
  if (one !== undefined) throw new GalleyError('invalid', `--${one} and --${other} are incompatible`, { code: 'cli.arguments' })
}

/** `SERVICE=N`, of services that are there. Throws `invalid`, `not found`. */
export function scaleOf(words: readonly string[], { services }: Pick<Project, 'services'>): Record<string, number> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name = '', count = ''] = /^(.+)=(\d+)$/.exec(word) ?? []
      if (count === '')
        throw new GalleyError('invalid', `invalid scale "${word}"`, {
          code: 'cli.option-value',
          subject: word,
          advice: 'It is written SERVICE=NUMBER.',
        })
      if (!Object.hasOwn(services, name)) throw unknownService(name, Object.keys(services))
      return [name, Number(count)]
    }),
  )
}
