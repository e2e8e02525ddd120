import { version } from '#base/version.ts'
import { connect, disconnect } from '#engine/containers/connect.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { pullImage } from '#engine/images/pull.ts'
import { buildkitFace } from '#faces/buildkit/routes.ts'
import { archiveRoutes } from '#faces/docker/archive.ts'
import { buildRoutes } from '#faces/docker/build.ts'
import { containerFileRoutes } from '#faces/docker/container-files.ts'
import { containerRoutes } from '#faces/docker/containers.ts'
import { diskUsageRoutes } from '#faces/docker/disk-usage.ts'
import { execRoutes } from '#faces/docker/exec.ts'
import { imageRoutes } from '#faces/docker/images.ts'
import { networkRoutes, type Attachments } from '#faces/docker/networks.ts'
import { registryInfo } from '#faces/docker/registry-info.ts'
import { registryRoutes } from '#faces/docker/registries.ts'
import type { Routes } from '#faces/docker/route.ts'
import { swarmRoutes } from '#faces/docker/swarm.ts'
import { systemRoutes } from '#faces/docker/system.ts'
import { volumeRoutes } from '#faces/docker/volumes.ts'
import { catalogueRoutes } from '#faces/galley/catalogue.ts'
import { registryDeskRoutes } from '#faces/galley/registry.ts'
import { projectFace } from './compose-world.ts'
import type { Rooms } from './wire-up.ts'

/** Every face's routes on the rooms of an instance. */
export function routesOf(rooms: Rooms): Routes {
  const { engine, images, networks, volumes, cache, builder, pulling, registry, standIns } = rooms
  const { registries } = pulling
  const buildkit = buildkitFace(builder, engine.log)
  return {
    ...systemRoutes(engine, images, version(), registryInfo(registries)),
    ...containerRoutes(engine),
    ...archiveRoutes(engine),
    ...containerFileRoutes(engine, images),
    ...execRoutes(engine),
    ...buildRoutes(builder, buildkit.build),
    ...buildkit.routes,
    ...imageRoutes(images, (request) => pullImage(pulling, request)),
    ...registryRoutes({ images, registries, own: (reference) => registry.target(reference) }),
    ...networkRoutes(networks, attachmentsOf(engine)),
    ...volumeRoutes(volumes),
    ...diskUsageRoutes({ engine, images, volumes, steps: () => cache.list() }),
    ...swarmRoutes(),
    ...projectFace(rooms),
    ...catalogueRoutes(standIns, images),
    ...registryDeskRoutes(registry),
  }
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
