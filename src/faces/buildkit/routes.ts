import type { Log } from '#base/log.ts'
import type { Builder } from '#build/builder.ts'
import type { Routes } from '#faces/docker/route.ts'
import { upgrade } from './upgrade.ts'

/**
 * BuildKit's two doors, which buildx and Compose build through: `/grpc` takes calls of its Control and LLBBridge services,
 * `/session` is a client that offers its files and secrets. What is behind them is loaded with the first client.
 */
export function buildkitRoutes(builder: Builder, log: Log): Routes {
  const load = once(async () => (await import('./buildkit.ts')).openBuildkit(builder, log))
  return {
    'POST /grpc': async (call) => {
      const buildkit = await load()
      buildkit.serve(upgrade(call))
    },
    'POST /session': async (call) => {
      const buildkit = await load()
      buildkit.sessions.open(call.request.headers, () => upgrade(call))
    },
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
