import { parsePlatform } from '#content/manifests/platform.ts'
import { checkChosen } from '#engine/images/platform-of.ts'
import { existsSync, mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { GalleyError, kindOf, messageOf } from '#base/error.ts'
import { newId, shortId } from '#base/id.ts'
import { discard } from '#host/files/discard.ts'
import { capabilitiesFor } from './capabilities.ts'
import { checkConfig } from './check-config.ts'
import { hostWithLinks } from './check-host-config.ts'
import { endpointWishes } from './endpoint-wishes.ts'
import { mergeHealthcheck } from '#engine/health/check.ts'
import { completeConfig, completeHostConfig } from './defaults.ts'
import { devicesFor, deviceRules } from './devices.ts'
import type { Engine, RunnableImage } from './engine.ts'
import { holderOf, isUserDefined, parseLink } from './links.ts'
import type { Container, ContainerConfig, EndpointWishes, HostConfig } from './model.ts'
import { resolveMounts } from './mounts.ts'
import { randomName } from './names.ts'
import { removeAnonymous } from './remove-anonymous.ts'
import { normalPath } from './mount-requests.ts'
import { otherContainer } from './other-container.ts'
import { runtimeOf } from './runtime.ts'
import { seccompOf } from './seccomp.ts'
import { signalNumber } from './signal.ts'
import { initProgram } from './spec-mounts.ts'

export interface CreateRequest {
  /** Empty for one that the engine makes up. */
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly hostConfig: Readonly<Record<string, unknown>>
  readonly endpoints: Readonly<Record<string, EndpointWishes>>
  /** Such as `linux/arm64`; whatever the image is for when empty. */
  readonly platform?: string
  /** It is to take the place of another one later (`handOver`): without ports and names until then. */
  readonly understudy?: boolean
  /** A read-only bind leaves what is mounted below it writable, as it was before API 1.44. */
  readonly writableBelow?: boolean
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/** `docker create`: durable when it resolves. Throws `invalid`, `not found` (image), `conflict` (name), `not implemented`. */
export async function create(engine: Engine, request: CreateRequest): Promise<Container> {
  const hostConfig = completeHostConfig(request.hostConfig)
  const given = completeConfig(request.config)
  checkWishes(engine, given, hostConfig)
  const endpoints = endpointWishes(engine, request.endpoints, { config: given, hostConfig })
  for (const kind of ['NetworkMode', 'PidMode', 'IpcMode'] as const) hostConfig[kind] = resolveMode(engine, hostConfig[kind])
  hostConfig.Runtime ||= engine.runtimes.usual
  const id = newId()
  using draft = engine.containers.drafts.begin(id)
  if (given.Image === '' && given.Cmd === null && given.Entrypoint === null) throw noCommand()
  const image = engine.images.resolve(given.Image)
  draft.images.add(image.id)
  if (request.platform && image.platform !== undefined)
    checkChosen(given.Image, parsePlatform(image.platform), parsePlatform(request.platform))
  const config = inherit({ ...given, Hostname: given.Hostname || hostnameFor(engine, hostConfig.NetworkMode, id) }, image)
  const [path, ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]
  if (path === undefined) throw noCommand()
  const name = takeName(engine, request.name, id)
  try {
    const resolved = await resolveMounts({ engine, draft }, config, hostConfig)
    const mounts = request.writableBelow === true ? resolved.map((mount) => ({ ...mount, writableBelow: true })) : resolved
    const container: Container = {
      id,
      name,
      created: engine.clock.now(),
      image: image.id,
      config,
      hostConfig,
      path,
      args,
      mounts,
      restartCount: 0,
      endpoints,
      ports: [],
      addresses: [],
      ...(request.understudy === true && { understudy: true }),
      state: { status: 'created', pid: 0, exitCode: 0, error: '', oomKilled: false, startedAt: 0, finishedAt: 0, stoppedByHand: false },
    }
    mkdirSync(`${engine.data}/containers/${id}`, { recursive: true, mode: 0o710 })
    await engine.containers.save(container)
    engine.events.emit('container', 'create', id, eventAttributes(container))
    return container
  } catch (error) {
    engine.containers.drop(id)
    engine.containers.unclaim(name, id)
    discard(`${engine.data}/containers/${id}`)
    const made = [...draft.volumes]
    draft[Symbol.dispose]()
    await removeAnonymous(engine, made)
    throw error
  }
}

function noCommand(): GalleyError {
  return new GalleyError('invalid', 'no command specified', { code: 'container.no-command' })
}

/** Finds at once what would make every start fail. */
function checkWishes(engine: Engine, config: ContainerConfig, hostConfig: HostConfig): void {
  checkConfig(config, hostConfig)
  if (config.StopSignal) signalNumber(config.StopSignal)
  runtimeOf(engine, { hostConfig })
  capabilitiesFor({ add: hostConfig.CapAdd, drop: hostConfig.CapDrop, privileged: hostConfig.Privileged })
  seccompOf(hostConfig)
  deviceRules(hostConfig, devicesFor(hostConfig))
  if (!isUserDefined(hostConfig.NetworkMode)) hostConfig.Links.forEach((link) => linkedContainer(engine, parseLink(link).name))
  if (hostConfig.Init && !existsSync(initProgram.host))
    throw new GalleyError('unavailable', `the init program ${initProgram.host} is not installed`, { advice: 'apt-get install tini' })
}

function linkedContainer(engine: Engine, name: string): void {
  try {
    if (holderOf(engine, otherContainer(engine, name)).hostConfig.NetworkMode !== 'host') return
  } catch (cause) {
    throw new GalleyError(kindOf(cause), `could not get container for ${name}: ${messageOf(cause)}`, { subject: name, cause })
  }
  throw new GalleyError('invalid', hostWithLinks, { subject: name })
}

/** What `GET /events` tells of a container beside its id. */
export function eventAttributes({ config, name }: Container): Record<string, string> {
  return { ...config.Labels, image: config.Image, name }
}

/** `container:NAME` is kept as `container:ID`, which outlives a renaming. */
function resolveMode(engine: Engine, mode: string): string {
  const [kind, reference] = mode.split(/:(.*)/s)
  return kind === 'container' && reference !== undefined ? `container:${otherContainer(engine, reference).id}` : mode
}

/** A container's name without the slash in front. Throws `invalid`. */
export function checkedName(wished: string): string {
  const name = wished.replace(/^\//, '')
  if (namePattern.test(name)) return name
  throw new GalleyError('invalid', `Invalid container name (${wished}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`, {
    subject: wished,
    advice: 'A name has two characters or more: letters, digits, "_", "." and "-".',
  })
}

function takeName(engine: Engine, wished: string, id: string): string {
  const isOwn = wished.replace(/^\//, '') !== ''
  const chosen = isOwn ? checkedName(wished) : randomName((candidate) => engine.containers.isTaken(candidate))
  engine.containers.claim(chosen, id)
  return chosen
}

/** Who shares a network shares its host name. */
function hostnameFor(engine: Engine, mode: string, id: string): string {
  if (mode === 'host') return hostname()
  return mode.startsWith('container:') ? engine.containers.get(mode.slice('container:'.length)).config.Hostname : shortId(id)
}

/** The image's configuration under the client's; setting an entrypoint drops the image's command, as in Docker. */
function inherit(given: ContainerConfig, image: RunnableImage): ContainerConfig {
  const base = completeConfig(image.config)
  const names = new Set(given.Env.map((entry) => entry.split('=')[0]))
  const ownEntrypoint = given.Entrypoint !== null && given.Entrypoint.length > 0
  // `--entrypoint ""` arrives as [""] and clears the image's.
  const cleared = given.Entrypoint?.length === 1 && given.Entrypoint[0] === ''
  const healthcheck = mergeHealthcheck(given.Healthcheck, base.Healthcheck)
  return {
    ...given,
    Env: [...base.Env.filter((entry) => !names.has(entry.split('=')[0])), ...given.Env],
    Entrypoint: cleared ? null : ownEntrypoint ? given.Entrypoint : base.Entrypoint,
    Cmd: given.Cmd !== null && given.Cmd.length > 0 ? given.Cmd : ownEntrypoint ? null : base.Cmd,
    Labels: { ...base.Labels, ...given.Labels },
    Volumes: { ...base.Volumes, ...given.Volumes },
    ExposedPorts: { ...base.ExposedPorts, ...given.ExposedPorts },
    WorkingDir: given.WorkingDir === '' ? base.WorkingDir : normalPath(given.WorkingDir),
    User: given.User || base.User,
    ...(healthcheck !== undefined && { Healthcheck: healthcheck }),
    ...((given.StopSignal ?? base.StopSignal) !== undefined && { StopSignal: given.StopSignal ?? base.StopSignal ?? '' }),
  }
}
