import { buildkitFace } from '#faces/buildkit/routes.ts'
import { later } from '#faces/docker/later.ts'
import type { Routes } from '#faces/docker/route.ts'
import { buildRoutes as localBuildRoutes } from '#faces/galley/build/routes.ts'
import type { Rooms } from './wire-up.ts'

/** Routes of what many instances never use: it takes no memory before somebody asks for it. */
export function lateRoutes(rooms: Rooms): Routes {
  return { ...fileRoutes(rooms), ...builderRoutes(rooms), ...registryRoutes(rooms), ...ownRoutes(rooms) }
}

function fileRoutes({ engine, images, volumes, cache }: Rooms): Routes {
  return {
    ...later(
      { 'HEAD /containers/{id}/archive': true, 'GET /containers/{id}/archive': true, 'PUT /containers/{id}/archive': true },
      async () => (await import('#faces/docker/archive.ts')).archiveRoutes(engine),
    ),
    ...later({ 'GET /containers/{id}/changes': true, 'GET /containers/{id}/export': true, 'POST /commit': true }, async () =>
      (await import('#faces/docker/container-files.ts')).containerFileRoutes(engine, images),
    ),
    ...later({ 'GET /containers/{id}/attach/ws': true }, async () =>
      (await import('#faces/docker/attach-websocket.ts')).webSocketRoutes(engine),
    ),
    ...later({ 'GET /system/df': true }, async () =>
      (await import('#faces/docker/disk-usage.ts')).diskUsageRoutes({ engine, images, volumes, steps: () => cache.list() }),
    ),
  }
}

function builderRoutes({ engine, builder }: Rooms): Routes {
  const buildkit = buildkitFace(builder, engine.log)
  return {
    ...buildkit.routes,
    ...localBuildRoutes(buildkit.open),
    ...later({ 'POST /build': true, 'POST /build/prune': true }, async () =>
      (await import('#faces/docker/build.ts')).buildRoutes(builder, buildkit.build),
    ),
  }
}

function registryRoutes({ images, pulling, registry }: Rooms): Routes {
  const { registries } = pulling
  return later(
    { 'POST /images/{name…}/push': true, 'POST /auth': true, 'GET /distribution/{name…}/json': true, 'GET /images/search': true },
    async () =>
      (await import('#faces/docker/registries.ts')).registryRoutes({ images, registries, own: (reference) => registry.target(reference) }),
  )
}

/** Galley's own API. */
function ownRoutes(rooms: Rooms): Routes {
  const { images, standIns, registry, pulling } = rooms
  const { registries } = pulling
  return {
    ...later({ 'GET /galley/v1/artifacts': true, 'POST /galley/v1/artifacts': true }, async () =>
      (await import('#faces/galley/artifacts.ts')).artifactRoutes({ registries, own: (reference) => registry.target(reference) }),
    ),
    ...later({ 'GET /galley/v1/pushes': true }, async () =>
      (await import('#faces/galley/pushes.ts')).pushRoutes({ images, registries, own: (reference) => registry.target(reference) }),
    ),
    ...later(
      {
        'POST /galley/v1/projects/{name}/up': true,
        'POST /galley/v1/projects/{name}/plan': true,
        'POST /galley/v1/projects/{name}/why': true,
        'POST /galley/v1/projects/{name}/lint': true,
        'POST /galley/v1/projects/{name}/images': true,
        'POST /galley/v1/containers/{id}/hooks/{moment}': true,
        'POST /galley/v1/projects/{name}/run': true,
        'POST /galley/v1/projects/{name}/down': true,
      },
      async () => (await import('./projects/world.ts')).projectFace(rooms),
    ),
    ...later({ 'POST /galley/v1/why': true }, async () => (await import('./projects/world.ts')).thingFace(rooms)),
    ...later(
      {
        'GET /galley/v1/catalogue': true,
        'POST /galley/v1/catalogue/names': true,
        'POST /galley/v1/catalogue/make': true,
        'POST /galley/v1/catalogue/archive': true,
      },
      async () => (await import('#faces/galley/catalogue.ts')).catalogueRoutes(await standIns?.maker(), images),
    ),
    ...later(
      {
        'GET /galley/v1/registry': true,
        'POST /galley/v1/registry/start': true,
        'POST /galley/v1/registry/stop': true,
        'POST /galley/v1/registry/clean': true,
        'POST /galley/v1/registry/logins/{domain}': true,
        'DELETE /galley/v1/registry/logins/{domain}': true,
        'POST /galley/v1/registry/users/{name}': true,
        'DELETE /galley/v1/registry/users/{name}': true,
      },
      async () => (await import('#faces/galley/registry.ts')).registryDeskRoutes(registry),
    ),
  }
}
