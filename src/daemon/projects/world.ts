import { dependenciesIn, label } from '#base/compose-labels.ts'
import { GalleyError, kindOf } from '#base/error.ts'
import { parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import type { ContainerView, HealthView, World } from '#compose/apply/world.ts'
import { declaredHooks } from '#compose/plan/declared.ts'
import type { ObservedContainer, ObservedNetwork, ObservedVolume, Owned, User } from '#compose/plan/step.ts'
import type { Sources } from '#diagnose/collect.ts'
import { Grounds } from '#diagnose/ground.ts'
import { create } from '#engine/containers/create.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { exchangeNames, handOver, withdraw } from '#engine/containers/hand-over.ts'
import type { Container, State } from '#engine/containers/model.ts'
import { remove } from '#engine/containers/remove.ts'
import { rename } from '#engine/containers/rename.ts'
import { start } from '#engine/containers/start-by-hand.ts'
import { logSpec } from '#engine/containers/start.ts'
import { isRunning } from '#engine/containers/status.ts'
import { restart } from '#engine/containers/restart.ts'
import { stop } from '#engine/containers/stop.ts'
import { checkOf } from '#engine/health/check.ts'
import { tailLog } from '#engine/logs/tail.ts'
import { checkPull, pullImage } from '#engine/images/pull.ts'
import { mainAddress, wayOut } from '#engine/networks/endpoint.ts'
import { isRouted } from '#engine/networks/ports.ts'
import type { Network } from '#engine/networks/model.ts'
import type { Networks } from '#engine/networks/networks.ts'
import { wishesOf } from '#engine/networks/plan.ts'
import type { Volume, Volumes } from '#engine/volumes/volumes.ts'
import { projectRoutes } from '#faces/galley/projects.ts'
import { thingRoutes } from '#faces/galley/things.ts'
import { isLoopback } from '#host/netns/listener.ts'
import { connectionsTo, listenersOf } from '#host/netns/listeners.ts'
import { buildForCompose } from './build.ts'
import { placeFiles } from './place-files.ts'
import { runHook } from './run-hook.ts'
import { transferTold } from './transfer.ts'
import { useOf } from './measured-use.ts'
import type { Rooms } from '../wire-up.ts'

/** Galley's own API for Compose projects, on the engine. */
export function projectFace(rooms: Rooms): ReturnType<typeof projectRoutes> {
  const world = composeWorld(rooms)
  return projectRoutes(world, sourcesOf(rooms, world))
}

/** Galley's own API for everything else that somebody may ask `why` about. */
export function thingFace(rooms: Rooms): ReturnType<typeof thingRoutes> {
  const { engine, images, networks, volumes } = rooms
  const world = composeWorld(rooms)
  return thingRoutes({ engine, images, networks, volumes, world, sources: sourcesOf(rooms, world) })
}

function sourcesOf(rooms: Rooms, world: World): Sources {
  return {
    // Names that no container has, such as those of a service without one, may begin another one's id.
    find: (name) => {
      const container = rooms.engine.containers.named(name)
      return container && viewOf(container)
    },
    logTail: async (container, count) => [...(await world.containers.logTail(container, count))],
    useOf: (name) => {
      const container = rooms.engine.containers.named(name)
      return container && useOf(rooms.engine, container)
    },
    clock: world.clock,
    imageNames: () => rooms.images.list().flatMap(({ references }) => references),
    holderOf: (address) =>
      rooms.engine.containers
        .list()
        .find(({ addresses }) => addresses.some(({ ipAddress, ipv6 }) => ipAddress === address || ipv6?.address === address))?.name,
    grounds: () => new Grounds(rooms.engine),
  }
}

function composeWorld({ engine, images, networks, volumes, pulling, builder }: Rooms): World {
  const find = (reference: string): Container | undefined => findContainer(engine, reference)
  const userOf = (id: string): User => ({ id, name: find(id)?.name ?? id.slice(0, 12) })
  return {
    clock: engine.clock,
    observe: async (project, references) => ({
      networks: networks.list().map((network) => observedNetwork(network, networks, userOf)),
      volumes: volumes.list().map((volume) => observedVolume(volume, volumes, userOf)),
      images: Object.fromEntries(references.flatMap((reference) => pairOf(reference, images.find(reference)?.id))),
      imageAges: Object.fromEntries(
        references.flatMap((reference) => pairOf(reference, ageOf(images.find(reference)?.tagged, engine.clock.now()))),
      ),
      containers: engine.containers
        .list()
        .filter(({ config }) => config.Labels[label.project] === project)
        .map(observed),
    }),
    networks: { create: (network) => networks.create(network), remove: (name) => networks.remove(name) },
    volumes: { create: (volume) => volumes.create(volume), remove: (name) => volumes.remove(name) },
    images: {
      find: (reference) => images.find(reference)?.id,
      pull: (name, told, { signal, credentials }) => {
        const reference = withDefaultTag(parseImageReference(name))
        const report = transferTold(told)
        return pullImage(pulling, { reference, platform: undefined, credentials: credentials?.(reference.domain), report, signal })
      },
      checkPull: async (name, { signal, credentials }) => {
        const reference = withDefaultTag(parseImageReference(name))
        await checkPull(pulling, { reference, platform: undefined, credentials: credentials?.(reference.domain), signal })
      },
      build: buildForCompose(builder),
      remove: async (reference) => {
        if (images.find(reference) !== undefined) await images.remove(reference)
      },
    },
    containers: {
      create: (request) => create(engine, request),
      place: (reference, files) => placeFiles(engine, engine.containers.get(reference), files),
      exec: (reference, hook) => runHook(engine, engine.containers.get(reference), hook),
      restart: (reference) => restart(engine, reference, {}),
      handOver: (old, next) => handOver(engine, old, next),
      start: (reference) => start(engine, reference),
      stop: (reference, timeout) => stopIfRunning(engine, reference, timeout),
      remove: (reference, wishes) => remove(engine, reference, { force: true, ...wishes }),
      withdraw: (reference) => withdraw(engine, reference),
      exchangeNames: (one, other) => exchangeNames(engine, one, other),
      rename: (reference, name) => rename(engine, reference, name),
      find: (reference) => {
        const container = find(reference)
        return container === undefined ? undefined : viewOf(container)
      },
      listeners: (reference) => {
        const pid = find(reference)?.state.pid ?? 0
        return pid > 0 ? listenersOf(pid) : undefined
      },
      connections: (reference, ports) => connectionsTo(find(reference)?.state.pid ?? 0, ports),
      meter: (reference, ports) => networks.meter(engine.containers.get(reference).id, ports),
      logTail: (reference, count) => tailLog(logSpec(engine, engine.containers.get(reference)), count),
      changed: (listener) => engine.events.listen(({ type, id, action }) => type === 'container' && listener({ container: id, action })),
    },
  }
}

function findContainer(engine: Engine, reference: string): Container | undefined {
  try {
    return engine.containers.get(reference)
  } catch (error) {
    if (error instanceof GalleyError && error.kind === 'not found') return undefined
    throw error
  }
}

async function stopIfRunning(engine: Engine, reference: string, timeout: number | undefined): Promise<void> {
  try {
    await stop(engine, reference, { timeout })
  } catch (error) {
    if (kindOf(error) !== 'unchanged') throw error
  }
}

function owned({ name, labels }: { readonly name: string; readonly labels: Readonly<Record<string, string>> }): Owned {
  return { name, project: labels[label.project] }
}

/** Who is on it, and how it was made, are looked up when they are asked for: most networks differ in nothing. */
function observedNetwork(network: Network, networks: Networks, userOf: (id: string) => User): ObservedNetwork {
  return {
    ...owned(network),
    key: network.labels[label.network],
    configHash: network.labels[label.configHash],
    get made() {
      return wishesOf(network)
    },
    get users() {
      return networks.usersOf(network).map(({ container }) => userOf(container))
    },
  }
}

function observedVolume(volume: Volume, volumes: Volumes, userOf: (id: string) => User): ObservedVolume {
  const { labels, options } = volume
  return {
    ...owned(volume),
    configHash: labels[label.configHash],
    labels,
    options,
    get users() {
      return volumes.usersOf(volume.name).map(userOf)
    },
  }
}

function pairOf<Value>(reference: string, value: Value | undefined): [string, Value][] {
  return value === undefined ? [] : [[reference, value]]
}

function ageOf(tagged: number | undefined, now: number): number | undefined {
  return tagged === undefined ? undefined : now - tagged
}

function observed(container: Container): ObservedContainer {
  const { id, name, image, state, config, ports, understudy = false } = container
  const { Labels } = config
  const { anonymousVolumes, mountedImages } = viewOf(container)
  return {
    id,
    name,
    service: Labels[label.service] ?? '',
    number: Number(Labels[label.number] ?? 1),
    configHash: Labels[label.configHash] ?? '',
    image,
    mountedImages,
    reference: config.Image,
    running: isRunning(container),
    dependsOn: dependenciesIn(Labels[label.dependsOn]).map(({ service }) => service),
    oneOff: Labels[label.oneOff] === 'True' || Labels[label.hook] !== undefined,
    understudy,
    checked: checkOf(config) !== undefined,
    // Looked up when it is asked for: most containers differ in nothing.
    get listens() {
      return state.status === 'running' ? outerPorts(state.pid) : []
    },
    anonymousVolumes: anonymousVolumes.map(({ target }) => target),
    declared: Labels[label.declared],
    published: ports.filter((port) => !isRouted(port)),
  }
}

/** Ports that others reach. */
function outerPorts(pid: number): number[] {
  const open = (listenersOf(pid) ?? []).filter((listener) => !isLoopback(listener))
  return [...new Set(open.map(({ port }) => port))]
}

function viewOf(container: Container): ContainerView {
  const { id, name, image, state, hostConfig, mounts, ports, config, addresses, restartCount } = container
  return {
    id,
    name,
    service: config.Labels[label.service],
    image,
    mountedImages: Object.fromEntries(mounts.flatMap(({ type, source, destination }) => (type === 'image' ? [[destination, source]] : []))),
    status: state.status,
    pid: state.pid,
    exitCode: state.exitCode,
    error: state.error,
    oomKilled: state.oomKilled,
    memoryPeak: state.memoryPeak,
    memoryLimit: hostConfig.Memory,
    stoppedByHand: state.stoppedByHand,
    forced: state.forced,
    restartCount,
    startedAt: state.startedAt,
    health: healthOf(state),
    restartPolicy: hostConfig.RestartPolicy.Name,
    understudy: container.understudy === true,
    stopGracePeriod: config.StopTimeout ?? 10,
    get hooks() {
      return declaredHooks(config.Labels[label.declared])
    },
    get address() {
      const out = wayOut(addresses)
      return out && mainAddress(out)
    },
    anonymousVolumes: mounts.flatMap((mount) =>
      mount.type === 'volume' && /^[0-9a-f]{64}$/.test(mount.name ?? '') ? [{ name: mount.name ?? '', target: mount.destination }] : [],
    ),
    ports: ports.filter((port) => !isRouted(port)),
  }
}

function healthOf({ health }: State): HealthView | undefined {
  return health === undefined ? undefined : { status: health.status, last: health.log.at(-1) }
}
