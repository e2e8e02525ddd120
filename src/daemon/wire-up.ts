import { messageOf } from '#base/error.ts'
import { systemClock, type Clock } from '#base/clock.ts'
import { newId } from '#base/id.ts'
import type { Log } from '#base/log.ts'
import type { Builder } from '#build/builder.ts'
import { StepCache } from '#build/cache/cache.ts'
import { MountCaches } from '#build/cache/mount-caches.ts'
import { TreeDigests } from '#build/cache/tree-digests.ts'
import { StepImages } from '#build/solve/step-images.ts'
import type { Digest } from '#base/digest.ts'
import type { Arrival } from '#content/blobs/arrival.ts'
import { BlobStore } from '#content/blobs/store.ts'
import { LayerStore } from '#content/layers/store.ts'
import { buildSurroundings } from '#engine/catalogue/surroundings.ts'
import { ContainerIndex } from '#engine/containers/container-index.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { Execs } from '#engine/containers/execs.ts'
import { KeeperClient } from '#engine/containers/keeper-client.ts'
import { Restarts } from '#engine/containers/restarts.ts'
import { EventBus } from '#engine/events/bus.ts'
import { Images } from '#engine/images/images.ts'
import { LayerFetcher } from '#engine/images/layer-fetcher.ts'
import { pullImage, type Pulling } from '#engine/images/pull.ts'
import { pushImage, pushComposition } from '#engine/images/push.ts'
import { Networks } from '#engine/networks/networks.ts'
import { Volumes } from '#engine/volumes/volumes.ts'
import { defaultRuntime, installedRuntimes } from '#host/oci-runtime/runtimes.ts'
import { Trash } from '#host/files/trash.ts'
import { SeccompFilters } from '#host/oci-runtime/seccomp-filters.ts'
import { engineContent } from '#registry/engine-content.ts'
import { Registry } from '#registry/registry.ts'
import { Repositories } from '#registry/repositories.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'
import type { Store } from '#store/store.ts'
import { trimmed } from '#store/trimmed.ts'
import { parentGroup, type Config } from './config.ts'
import { KeptListeners } from './kept-listeners.ts'
import { networkKeeper } from './network-keeper.ts'
import { openRegistries, openTransport } from './registries.ts'
import { RegistryDoor, type RegistryDoorParts } from './registry-door.ts'
import { standInsFor, type LateStandIns } from './stand-ins.ts'

/** The rooms of one instance, ready for faces to be put on them. */
export interface Rooms {
  readonly store: Store
  readonly engine: Engine
  readonly images: Images
  readonly networks: Networks
  readonly volumes: Volumes
  readonly cache: StepCache
  readonly builder: Builder
  readonly pulling: Pulling
  readonly standIns: LateStandIns | undefined
  readonly registry: RegistryDoor
  readonly listeners: KeptListeners
}

/** What the rooms of an instance share. */
interface Ground {
  readonly config: Config
  readonly log: Log
  readonly clock: Clock
  readonly store: Store
  readonly events: EventBus
  readonly containers: ContainerIndex
}

interface Content {
  readonly blobs: BlobStore
  readonly layers: LayerStore
  readonly cache: StepCache
  readonly repositories: Repositories
}

/** Nobody asks for the past of this machine's own records: enough for one who watches to keep up. */
const keptRevisions = 1000

/** Constructs everything, once. */
export async function wireUp(config: Config, log: Log): Promise<Rooms> {
  const ground = openGround(config, log)
  const { clock, events, containers } = ground
  const content = await openContent(ground)
  const images = await openImages(ground, content)
  const later = Promise.withResolvers<Builder>()
  const standIns = standInsFor(config, images, clock, later.promise)
  const pulling = { ...pullingOf(ground, content, images), standIns }
  const keeper = new KeeperClient(`${config.run}/keeper.sock`, clock)
  const networks = await openNetworks(ground, keeper)
  const volumes = await openVolumes(ground)
  const stepImages = new StepImages()
  const engine: Engine = {
    clock,
    log,
    events,
    containers,
    images: {
      resolve: (reference) => stepImages.find(reference) ?? images.runnable(reference),
      isFrom: (id, reference) => images.isFrom(id, reference),
      size: (id) => images.index.get(id)?.size ?? 0,
    },
    networks,
    volumes,
    execs: new Execs(clock),
    restarts: new Restarts(clock),
    keeper,
    runtimes: { all: installedRuntimes(), usual: defaultRuntime },
    filters: new SeccompFilters(`${config.run}/seccomp`, clock),
    trash: new Trash(`${config.data}/trash`, clock),
    data: config.data,
    run: config.run,
    deviceSpecifications: config.deviceSpecifications,
    cgroup: parentGroup(config.instance),
  }
  const listeners = new KeptListeners(keeper)
  const registry = registryOf(ground, content, { ...pulling, listeners })
  const builder = builderOf(config, {
    engine,
    images,
    layers: content.layers,
    cache: content.cache,
    stepImages,
    obtain: (reference, options) => pullImage(pulling, { reference, ...options }),
    publishComposition: (composition, reference, options) =>
      pushComposition({ ...pulling, own: (name) => registry.target(name) }, composition, { reference, ...options }),
    publish: (reference, options) => pushImage({ ...pulling, own: (name) => registry.target(name) }, { reference, ...options }),
  })
  later.resolve(builder)
  return { store: ground.store, engine, images, networks, volumes, cache: content.cache, builder, pulling, standIns, registry, listeners }
}

function openGround(config: Config, log: Log): Ground {
  const store = trimmed(openSqliteStore(`${config.data}/local.sqlite`), keptRevisions)
  const clock = systemClock
  return { config, log, clock, store, events: new EventBus(clock), containers: new ContainerIndex(store) }
}

/** What a crash cut off in the middle is gone before anything arrives. */
async function openContent({ config: { data }, clock, store }: Ground): Promise<Content> {
  const blobs = new BlobStore(`${data}/blobs`)
  await blobs.clean(clock.now())
  const layers = new LayerStore(`${data}/layers`)
  layers.clean()
  const repositories = new Repositories(store)
  await repositories.load()
  return { blobs, layers, cache: new StepCache({ store, clock, layers }), repositories }
}

async function openImages(
  { log, store, clock, events, containers }: Ground,
  { blobs, layers, cache, repositories }: Content,
): Promise<Images> {
  const images = new Images({
    store,
    blobs,
    layers,
    clock,
    holdsLayer: (layer) => cache.holds(layer) || repositories.holds(layer),
    usedBy: (image) => containers.drafts.usersOfImage(image),
    onEvent: (action, image, attributes) => events.emit('image', action, image, attributes),
    onDamage: (image, error) => log.warn('an image is left out: its configuration is damaged', { image, error: messageOf(error) }),
  })
  await images.start()
  return images
}

function pullingOf({ config, clock }: Ground, { blobs }: Content, images: Images): Omit<Pulling, 'standIns'> {
  return {
    images,
    registries: openRegistries(config.data, clock),
    layers: new LayerFetcher({ content: images.content, arrive: (digest, size) => blobs.arrive(digest, size), clock }),
    directory: config.data,
  }
}

function registryOf(
  { config: { data }, store, clock, log }: Ground,
  { blobs, repositories }: Content,
  parts: Pick<RegistryDoorParts, 'images' | 'registries' | 'listeners'>,
): RegistryDoor {
  const { images, registries, listeners } = parts
  const content = engineContent(images, blobs)
  const registry = new Registry({ repositories, content, directory: `${data}/blobs/uploads`, clock, log })
  const arrive = (digest: Digest, size: number): Promise<Arrival> => blobs.arrive(digest, size, 'mirror')
  return new RegistryDoor({ store, images, registry, registries, listeners, arrive, data, clock, log })
}

async function openNetworks({ config, clock, log, store, events, containers }: Ground, keeper: KeeperClient): Promise<Networks> {
  const networks = new Networks({
    store,
    runDirectory: config.run,
    instance: config.instance,
    pool: config.pool,
    bridgeIPv6: config.bridgeIPv6,
    clock,
    log,
    keeper: networkKeeper(keeper, log),
    nameOf: (container) => containers.find(container)?.name,
    onEvent: (action, id, attributes) => events.emit('network', action, id, attributes),
  })
  await networks.start()
  return networks
}

async function openVolumes({ config, clock, store, events, containers }: Ground): Promise<Volumes> {
  const volumes = new Volumes({
    store,
    directory: `${config.data}/volumes`,
    clock,
    usedBy: (name) => containers.drafts.usersOfVolume(name),
    onEvent: (action, name, attributes) => events.emit('volume', action, name, attributes),
  })
  await volumes.start()
  return volumes
}

function builderOf(
  config: Config,
  parts: Pick<Builder, 'engine' | 'images' | 'layers' | 'cache' | 'stepImages' | 'obtain' | 'publish' | 'publishComposition'>,
): Builder {
  const directory = `${config.data}/build`
  return {
    ...parts,
    caches: new MountCaches(`${directory}/caches`),
    digests: new TreeDigests(),
    transport: openTransport(config.data, systemClock),
    surroundings: () => buildSurroundings({ directory: `${directory}/surroundings`, environment: process.env }),
    explain: async (failed) => (await import('#diagnose/explain-step.ts')).explainStep(failed, `${config.data}/trash/step-${newId()}`),
    clock: systemClock,
    directory,
  }
}
