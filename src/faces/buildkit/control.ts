import { untilAborted } from '#base/abort.ts'
import type { Buildkit } from './buildkit.ts'
import { always, streaming, unary, type RpcCall, type RpcRoutes } from './grpc/serve.ts'
import { historyRoutes } from './history/routes.ts'
import { infoResponse, listWorkersResponse, solveRequest, solveResponse, statusRequest, statusResponse } from './messages/control.ts'
import { duplexOfRpc } from './session/byte-stream.ts'
import { solve } from './solve.ts'
import { usageRoutes } from './usage.ts'

const service = '/moby.buildkit.v1.Control'

/** `moby.buildkit.v1.Control`: builds, their progress, and what they leave. */
export function controlRoutes(buildkit: Buildkit): RpcRoutes {
  const { worker } = buildkit
  return {
    [`${service}/Solve`]: unary([solveRequest, solveResponse], (request, call) => solve(buildkit, request, call)),
    [`${service}/Status`]: streaming([statusRequest, statusResponse], async function* ({ ref }, { signal }) {
      const past = buildkit.jobs.has(ref) ? undefined : buildkit.history.log(ref)
      if (past === undefined) yield* (await buildkit.jobs.get(ref, signal)).progress.follow(signal)
      else yield* past
    }),
    [`${service}/Session`]: (call) => serveSession(buildkit, call),
    [`${service}/ListWorkers`]: always(listWorkersResponse, { records: [worker] }),
    ...usageRoutes(buildkit, service),
    ...historyRoutes(buildkit, service),
    [`${service}/Info`]: always(infoResponse, { version: worker.version }),
  }
}

/** A session inside a call, for clients that share one among several builds; as `POST /session` otherwise. */
async function serveSession({ sessions }: Buildkit, call: RpcCall): Promise<void> {
  const over = Promise.withResolvers<void>()
  const stream = duplexOfRpc(call, over.resolve)
  const ended = await sessions.open(call.headers, () => stream)
  await Promise.race([over.promise, untilAborted(ended), untilAborted(call.signal)])
  stream.destroy()
}
