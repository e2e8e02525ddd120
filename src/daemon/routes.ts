import { version } from '#base/version.ts'
import { connect, disconnect, forgetNetwork } from '#engine/containers/connect.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { pullImage } from '#engine/images/pull.ts'
import { containerRoutes } from '#faces/docker/containers.ts'
import { execRoutes } from '#faces/docker/exec.ts'
import { imageRoutes } from '#faces/docker/images.ts'
import { networkRoutes, type Attachments } from '#faces/docker/networks.ts'
import { registryInfo } from '#faces/docker/registry-info.ts'
import type { Routes } from '#faces/docker/route.ts'
import { swarmRoutes } from '#faces/docker/swarm.ts'
import { systemRoutes } from '#faces/docker/system.ts'
import { volumeRoutes } from '#faces/docker/volumes.ts'
import { lateRoutes } from './late-routes.ts'
import type { Rooms } from './wire-up.ts'

/** Every face's routes on the rooms of an instance. */
export function routesOf(rooms: Rooms): Routes {
  const { engine, images, networks, volumes, pulling } = rooms
  return {
    ...systemRoutes(engine, images, version(), registryInfo(pulling.registries)),
    ...containerRoutes(engine),
    ...execRoutes(engine),
    ...imageRoutes(images, (request) => pullImage(pulling, request)),
    ...networkRoutes(networks, attachmentsOf(engine)),
    ...volumeRoutes(volumes),
    ...swarmRoutes(),
    ...lateRoutes(rooms),
  }
}

/** Containers' side of the networks' face. */
function attachmentsOf(engine: Engine): Attachments {
  return {
    connect: (container, network, wishes) => connect(engine, container, network, wishes),
    disconnect: (container, network) => disconnect(engine, container, network),
    forget: (container, network) => forgetNetwork(engine, container, network),
    nameOf: (container) => engine.containers.find(container)?.name,
    uses: ({ name }) => engine.containers.list().some(({ endpoints }) => Object.hasOwn(endpoints, name)),
  }
}
