import { randomBytes } from 'node:crypto'
import { label } from '#base/compose-labels.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { unknownService } from '#compose/model/unknown-service.ts'
import { containerRequest } from '#compose/plan/container.ts'
import { placedFiles } from '#compose/plan/files.ts'
import { imageNames } from '#compose/plan/images.ts'
import { planUp } from '#compose/plan/plan.ts'
import type { Observed, Owned } from '#compose/plan/step.ts'
import { carryOut } from './carry-out.ts'
import { withImage } from './with-image.ts'
import { defaultLimits } from './verdict.ts'
import { awaitCondition } from './wait.ts'
import type { Session } from './world.ts'

/** What a one-off container has otherwise than its service; all else is the service's. */
export interface RunWishes {
  readonly service: string
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  /** `NAME=VALUE`. */
  readonly env?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly user?: string
  readonly workingDir?: string
  /** As `docker run -v` writes them, sources absolute. */
  readonly volumes?: readonly string[]
  /** Capabilities beside the service's, and without which it is. */
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  readonly name?: string
  /** Whether the service's ports are published. */
  readonly servicePorts: boolean
  /** Whether others find it by the service's names. */
  readonly useAliases: boolean
  readonly tty: boolean
  readonly interactive: boolean
  /** Whether nobody waits for it: its input stays open then. */
  readonly detached?: boolean
  /** Whether it goes when it has ended. */
  readonly remove: boolean
  /** Build the image anew. */
  readonly build: boolean
  /** Instead of what the services say. */
  readonly pull?: 'always' | 'missing' | 'never'
  /** Containers of services that the files do not have are removed first, or not told of. */
  readonly removeOrphans?: boolean
  readonly ignoreOrphans?: boolean
}

/**
 * Makes a container for one command of a service, after what the service depends on is as it wants it; resolves with its id. It is
 * started by whoever has attached to it. A rehearsal tells of it, and resolves with nothing. Throws what made it fail.
 */
export async function prepareRun(project: Project, wishes: RunWishes, session: Session): Promise<string | undefined> {
  const { world } = session
  const service = project.services[wishes.service]
  if (service === undefined) throw unknownService(wishes.service, Object.keys(project.services))
  await surroundings(project, service, wishes, session)
  const request = oneOff(containerRequest(project, service, 1), project, wishes)
  if (session.rehearses === true) {
    session.report({ type: 'planned', subject: `Container ${request.name}`, action: 'create and start', why: [] })
    return undefined
  }
  const { containers } = await world.observe(project.name, [])
  for (const [dependency, { condition }] of Object.entries(service.dependsOn))
    for (const { name } of containers.filter((one) => one.service === dependency && !one.oneOff))
      await awaitCondition(name, condition, { ...session, timeout: defaultLimits.timeout })
  const { id } = await world.containers.create(withImage(request, world))
  try {
    await world.containers.place(id, placedFiles(project, service))
    session.signal.throwIfAborted()
    return id
  } catch (error) {
    // Nobody else knows of it.
    await world.containers.remove(id, { volumes: true })
    throw error
  }
}

/** Networks, volumes, the image, and the services that it depends on; the service's own containers are left alone. */
async function surroundings(project: Project, service: Service, { build, pull, ...orphans }: RunWishes, session: Session): Promise<void> {
  const { world, report } = session
  const observed = asTheyAre(await world.observe(project.name, imageNames(project)))
  const others = { ...project, services: Object.fromEntries(Object.entries(project.services).filter(([name]) => name !== service.name)) }
  const options = { build: false, recreate: 'never', ...(pull !== undefined && { pull }) } as const
  const own = planUp(
    // Its own container is no part of this plan, nor what it is bound to.
    { ...project, beside: {}, services: { [service.name]: { ...service, dependsOn: {} } } },
    { ...observed, containers: [] },
    { ...options, build, removeOrphans: false, partial: true },
  )
  const plan = planUp({ ...others, disabled: [...(project.disabled ?? []), service.name] }, observed, {
    ...options,
    removeOrphans: orphans.removeOrphans === true,
    ignoreOrphans: orphans.ignoreOrphans === true,
  })
  const steps = [...own.steps.filter(({ kind }) => kind.startsWith('image.')), ...plan.steps]
  const endings = await carryOut([...new Map(steps.map((step) => [step.id, step])).values()], session, { project })
  const failed = endings.find((ending) => ending.state === 'failed')
  for (const text of plan.warnings) report({ type: 'warning', text })
  if (failed?.state === 'failed') throw failed.error
}

/** For one command no network and no volume is made anew. */
function asTheyAre({ networks, volumes, ...others }: Observed): Observed {
  const bare = ({ name, project }: Owned): Owned => ({ name, project })
  return { ...others, networks: networks.map(bare), volumes: volumes.map(bare) }
}

function oneOff(request: CreateRequest, { name: project, separator = '-' }: Project, wishes: RunWishes): CreateRequest {
  const slug = randomBytes(32).toString('hex')
  const {
    command,
    entrypoint,
    env = [],
    user,
    workingDir,
    volumes = [],
    tty,
    interactive,
    detached = false,
    remove,
    servicePorts,
    useAliases,
  } = wishes
  const { capAdd = [], capDrop = [] } = wishes
  const { config, hostConfig } = request
  const own = config['Labels'] as Readonly<Record<string, string>>
  return {
    ...request,
    name: wishes.name ?? [project, wishes.service, 'run', slug.slice(0, 12)].join(separator),
    config: {
      ...config,
      Labels: { ...own, ...wishes.labels, [label.oneOff]: 'True', [label.slug]: slug },
      Env: [...(config['Env'] as readonly string[]), ...env],
      Tty: tty,
      OpenStdin: interactive,
      StdinOnce: interactive && !detached,
      AttachStdin: interactive && !detached,
      AttachStdout: true,
      AttachStderr: true,
      ...(entrypoint !== undefined && { Entrypoint: entrypoint }),
      ...((command !== undefined || entrypoint !== undefined) && { Cmd: command ?? [] }),
      ...(user !== undefined && { User: user }),
      ...(workingDir !== undefined && { WorkingDir: workingDir }),
    },
    hostConfig: {
      ...hostConfig,
      Binds: [...(hostConfig['Binds'] as readonly string[]), ...volumes],
      CapAdd: [...((hostConfig['CapAdd'] as readonly string[] | undefined) ?? []), ...capAdd],
      CapDrop: [...((hostConfig['CapDrop'] as readonly string[] | undefined) ?? []), ...capDrop],
      AutoRemove: remove,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      ...(!servicePorts && { PortBindings: {} }),
    },
    endpoints: useAliases
      ? request.endpoints
      : Object.fromEntries(Object.entries(request.endpoints).map(([network, endpoint]) => [network, { ...endpoint, Aliases: [] }])),
  }
}
