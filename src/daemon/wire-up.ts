import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Builder } from '#build/builder.ts'
import { StepCache } from '#build/cache/cache.ts'
import { MountCaches } from '#build/cache/mount-caches.ts'
import { StepImages } from '#build/solve/step-images.ts'
import { BlobStore } from '#content/blobs/store.ts'
import { LayerStore } from '#content/layers/store.ts'
import { buildSurroundings } from '#engine/catalogue/surroundings.ts'
import { ContainerIndex } from '#engine/containers/container-index.ts'
import { connect, disconnect } from '#engine/containers/connect.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { Execs } from '#engine/containers/execs.ts'
import { KeeperClient } from '#engine/containers/keeper-client.ts'
import { Restarts } from '#engine/containers/restarts.ts'
import { EventBus } from '#engine/events/bus.ts'
import { Images } from '#engine/images/images.ts'
import { LayerFetcher } from '#engine/images/layer-fetcher.ts'
import { pullImage, type Pulling } from '#engine/images/pull.ts'
import { Networks } from '#engine/networks/networks.ts'
import { Volumes } from '#engine/volumes/volumes.ts'
import { archiveRoutes } from '#faces/docker/archive.ts'
import { containerFileRoutes } from '#faces/docker/container-files.ts'
import { buildRoutes } from '#faces/docker/build.ts'
import { containerRoutes } from '#faces/docker/containers.ts'
import { diskUsageRoutes } from '#faces/docker/disk-usage.ts'
import { execRoutes } from '#faces/docker/exec.ts'
import { imageRoutes } from '#faces/docker/images.ts'
import { registryInfo } from '#faces/docker/registry-info.ts'
import { registryRoutes } from '#faces/docker/registries.ts'
import type { Routes } from '#faces/docker/route.ts'
import { networkRoutes, type Attachments } from '#faces/docker/networks.ts'
import { swarmRoutes } from '#faces/docker/swarm.ts'
import { systemRoutes } from '#faces/docker/system.ts'
import { defaultRuntime, installedRuntimes } from '#host/oci-runtime/runtimes.ts'
import { volumeRoutes } from '#faces/docker/volumes.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'
import type { Store } from '#store/store.ts'
import { SeccompFilters } from '#host/oci-runtime/seccomp-filters.ts'
import { version } from '#base/version.ts'
import { projectFace } from './compose-world.ts'
import { networkKeeper } from './network-keeper.ts'
import { parentGroup, type Config } from './config.ts'
import { openRegistries, openTransport } from './registries.ts'
import { standInsFor } from './stand-ins.ts'

export interface Wired {
  readonly engine: Engine
  readonly images: Images
  readonly builder: Builder
  readonly routes: Routes
  readonly networks: Networks
  readonly store: Store
  readonly registries: Disposable
}

/** Constructs everything, once. */
export async function wireUp(config: Config, log: Log): Promise<Wired> {
  const store = openSqliteStore(`${config.data}/local.sqlite`)
  const clock = systemClock
  const events = new EventBus(clock)
  const containers = new ContainerIndex(store)
  const { blobs, layerStore } = await openContent(config)
  const cache = new StepCache({ store, clock, layers: layerStore })
  const images = new Images({
    store,
    blobs,
    layers: layerStore,
    clock,
    holdsLayer: (layer) => cache.holds(layer),
    usedBy: (image) =>
      containers
        .list()
        .filter((container) => container.image === image || container.mounts.some(({ source }) => source === image))
        .map(({ id, state }) => ({ id, running: state.status === 'running' })),
    onEvent: (action, image, attributes) => events.emit('image', action, image, attributes),
  })
  await images.start()
  const layers = new LayerFetcher({ content: images.content, arrive: (digest, size) => blobs.arrive(digest, size), clock })
  const registries = openRegistries(config.data, clock)
  const pulling: Pulling = { images, registries, layers, standIns: standInsFor(config, images, clock) }
  const keeper = new KeeperClient(`${config.run}/keeper.sock`)
  const networks = new Networks({
    store,
    runDirectory: config.run,
    instance: config.instance,
    pool: config.pool,
    clock,
    log,
    keeper: networkKeeper(keeper, log),
    nameOf: (container) => containers.find(container)?.name,
    onEvent: (action, id, attributes) => events.emit('network', action, id, attributes),
  })
  await networks.start()
  const volumes = await openVolumes(config, { store, containers, events })
  const stepImages = new StepImages()
  const engine: Engine = {
    clock,
    log,
    events,
    containers,
    images: {
      resolve: (reference) => stepImages.find(reference) ?? images.runnable(reference),
      size: (id) => images.index.get(id)?.size ?? 0,
    },
    networks,
    volumes,
    execs: new Execs(clock),
    restarts: new Restarts(clock),
    keeper,
    runtimes: { all: installedRuntimes(), usual: defaultRuntime },
    filters: new SeccompFilters(`${config.run}/seccomp`),
    data: config.data,
    run: config.run,
    cgroup: parentGroup(config.instance),
  }
  const parts = { engine, images, layers: layerStore, cache, stepImages }
  const builder = builderOf(config, { ...parts, obtain: (reference, options) => pullImage(pulling, { reference, ...options }) })
  const routes = {
    ...systemRoutes(engine, images, version(), registryInfo(registries)),
    ...containerRoutes(engine),
    ...archiveRoutes(engine),
    ...containerFileRoutes(engine, images),
    ...execRoutes(engine),
    ...buildRoutes(builder),
    ...imageRoutes(images, (request) => pullImage(pulling, request)),
    ...registryRoutes({ images, registries }),
    ...networkRoutes(networks, attachmentsOf(engine)),
    ...volumeRoutes(volumes),
    ...diskUsageRoutes({ engine, images, volumes, steps: () => cache.list() }),
    ...swarmRoutes(),
    ...projectFace({ engine, images, networks, volumes, pulling, builder }),
  }
  return { engine, images, builder, routes, networks, store, registries }
}

async function openVolumes(
  config: Config,
  { store, containers, events }: { readonly store: Store; readonly containers: ContainerIndex; readonly events: EventBus },
): Promise<Volumes> {
  const volumes = new Volumes({
    store,
    directory: `${config.data}/volumes`,
    clock: systemClock,
    usedBy: (name) =>
      containers
        .list()
        .filter(({ mounts }) => mounts.some((mount) => mount.name === name))
        .map(({ id }) => id),
    onEvent: (action, name, attributes) => events.emit('volume', action, name, attributes),
  })
  await volumes.start()
  return volumes
}

/** Containers' side of the networks' face. */
function attachmentsOf(engine: Engine): Attachments {
  return {
    connect: (container, network, wishes) => connect(engine, container, network, wishes),
    disconnect: (container, network) => disconnect(engine, container, network),
    nameOf: (container) => engine.containers.find(container)?.name,
    uses: ({ name }) => engine.containers.list().some(({ endpoints }) => name in endpoints),
  }
}

/** What a crash cut off in the middle is gone before anything arrives. */
async function openContent({ data }: Config): Promise<{ blobs: BlobStore; layerStore: LayerStore }> {
  const blobs = new BlobStore(`${data}/blobs`)
  await blobs.clean(systemClock.now())
  const layerStore = new LayerStore(`${data}/layers`)
  layerStore.clean()
  return { blobs, layerStore }
}

function builderOf(config: Config, parts: Pick<Builder, 'engine' | 'images' | 'layers' | 'cache' | 'stepImages' | 'obtain'>): Builder {
  const directory = `${config.data}/build`
  return {
    ...parts,
    caches: new MountCaches(`${directory}/caches`),
    transport: openTransport(config.data, systemClock),
    surroundings: () => buildSurroundings({ directory: `${directory}/surroundings`, environment: process.env }),
    clock: systemClock,
    directory,
  }
}
