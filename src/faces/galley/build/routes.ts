import type { Buildkit } from '#faces/buildkit/buildkit.ts'
import type { Routes } from '#faces/docker/route.ts'

/** `POST /galley/v1/build`: `galley build`, by a client on this machine. What is behind it is loaded with the first build. */
export function buildRoutes(open: () => Promise<Buildkit>): Routes {
  return {
    'POST /galley/v1/build': async (call) => {
      const { buildLocally } = await import('./build.ts')
      await buildLocally(await open(), call)
    },
  }
}
