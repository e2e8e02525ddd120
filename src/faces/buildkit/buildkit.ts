import type { Socket } from 'node:net'
import type { Log } from '#base/log.ts'
import type { Builder } from '#build/builder.ts'
import type { Handler } from '#faces/docker/route.ts'
import { Arrivals } from './arrivals.ts'
import { controlRoutes } from './control.ts'
import { buildForEngine } from './engine-endpoint.ts'
import { gatewayRoutes } from './gateway.ts'
import { http2 } from './grpc/http2.ts'
import { serveCalls } from './grpc/serve.ts'
import { healthRoutes } from './health.ts'
import { History } from './history/history.ts'
import type { Job } from './job.ts'
import { KeptContexts } from './session/kept-contexts.ts'
import type { SourceFiles } from './source-files.ts'
import { Sessions } from './session/sessions.ts'
import type { BuildWork } from './build-work.ts'
import { workerOf } from './worker.ts'

/** What BuildKit's services share. */
export interface Buildkit {
  readonly builder: Builder
  /** What clients are told of it. */
  readonly worker: ReturnType<typeof workerOf>
  readonly sessions: Sessions
  readonly jobs: Arrivals<Job>
  /** Results that clients name in later calls, by id, as long as their job goes on. */
  readonly references: Map<string, BuildWork | SourceFiles>
  readonly kept: KeptContexts
  readonly history: History
}

/** BuildKit's services of one daemon. */
export function openBuildkit(builder: Builder, log: Log): Buildkit & { readonly serve: (socket: Socket) => void; readonly build: Handler } {
  const buildkit: Buildkit = {
    builder,
    worker: workerOf(builder),
    sessions: new Sessions(builder.clock),
    jobs: new Arrivals(builder.clock, 'build'),
    references: new Map(),
    kept: new KeptContexts(`${builder.directory}/contexts`, builder.clock, log),
    history: new History(`${builder.directory}/history`, log),
  }
  const routes = { ...controlRoutes(buildkit), ...gatewayRoutes(buildkit), ...healthRoutes() }
  return {
    ...buildkit,
    serve: (socket) => serveCalls(http2.serve(socket), routes, log),
    build: (call) => buildForEngine(buildkit, call),
  }
}
