import type { Log } from '#base/log.ts'
import { once } from '#base/once.ts'
import type { Builder } from '#build/builder.ts'
import type { Handler, Routes } from '#faces/docker/route.ts'
import type { Buildkit } from './buildkit.ts'
import { checkUpgrade, upgrade } from './upgrade.ts'

/** BuildKit's ways in. */
export interface BuildkitFace {
  readonly routes: Routes
  /** `POST /build` with `version=2`. */
  readonly build: Handler
  /** What is behind the doors, for another one. */
  readonly open: () => Promise<Buildkit>
}

/**
 * BuildKit's two doors, which buildx and Compose build through: `/grpc` takes calls of its Control and LLBBridge services,
 * `/session` is a client that offers its files and secrets. What is behind them is loaded with the first client.
 */
export function buildkitFace(builder: Builder, log: Log): BuildkitFace {
  const load = once(async () => (await import('./buildkit.ts')).openBuildkit(builder, log))
  return {
    open: load,
    routes: {
      'POST /grpc': async (call) => {
        const { serve } = await load()
        serve(await upgrade(call))
      },
      'POST /session': async (call) => {
        const { sessions } = await load()
        checkUpgrade(call)
        await sessions.open(call.request.headers, () => upgrade(call))
      },
    },
    build: async (call) => (await load()).build(call),
  }
}
