import { GalleyError } from '#base/error.ts'
import { version } from '#base/version.ts'
import { BuildWork } from './build-work.ts'
import type { Buildkit } from './buildkit.ts'
import { exportsOf, exportersOf, answerOf } from './exports.ts'
import { inputsOf } from './inputs.ts'
import { streaming, unary, type RpcCall, type RpcRoutes } from './grpc/serve.ts'
import { Job } from './job.ts'
import {
  infoResponse,
  listWorkersRequest,
  listWorkersResponse,
  nothing,
  solveRequest,
  solveResponse,
  statusRequest,
  statusResponse,
} from './messages/control.ts'
import type { Message } from './wire/message.ts'
import { duplexOfRpc } from './session/byte-stream.ts'
import { usageRoutes } from './usage.ts'
import { workerOf } from './worker.ts'

/** Milliseconds. */
const lingering = 10_000

const service = '/moby.buildkit.v1.Control'

/** `moby.buildkit.v1.Control`: builds, their progress, and what they leave. */
export function controlRoutes(buildkit: Buildkit): RpcRoutes {
  return {
    [`${service}/Solve`]: unary([solveRequest, solveResponse], (request, call) => solve(buildkit, request, call)),
    [`${service}/Status`]: streaming([statusRequest, statusResponse], async function* ({ ref }, { signal }) {
      yield* (await buildkit.jobs.get(ref, signal)).progress.follow(signal)
    }),
    [`${service}/Session`]: (call) => serveSession(buildkit, call),
    [`${service}/ListWorkers`]: unary([listWorkersRequest, listWorkersResponse], () => ({ records: [workerOf(buildkit.builder)] })),
    ...usageRoutes(buildkit, service),
    [`${service}/Info`]: unary([nothing, infoResponse], () => ({ version: { package: 'galley', version: version() } })),
  }
}

/** A session inside a call, for clients that share one among several builds; as `POST /session` otherwise. */
async function serveSession({ sessions }: Buildkit, call: RpcCall): Promise<void> {
  const over = Promise.withResolvers<void>()
  const stream = duplexOfRpc(call, over.resolve)
  const ended = sessions.open(call.headers, () => stream)
  for (const signal of [ended, call.signal]) signal.addEventListener('abort', () => over.resolve(), { once: true })
  await over.promise
  stream.destroy()
}

type SolveRequest = Message<typeof solveRequest>

/** Carries out a build from beginning to end; without a frontend, the client leads it through the LLBBridge service. */
async function solve(buildkit: Buildkit, request: SolveRequest, call: RpcCall): Promise<{ exporterResponse: Map<string, string> }> {
  const { ref, entitlements } = request
  if (buildkit.jobs.has(ref)) throw new GalleyError('already exists', `job ID ${ref} exists`, { subject: ref })
  const session = await buildkit.sessions.get(request.session, call.signal)
  const signal = AbortSignal.any([call.signal, session.signal])
  const job = new Job({ ref, session, entitlements, signal, clock: buildkit.builder.clock })
  const exporters = exportersOf(request)
  buildkit.jobs.add(ref, job)
  try {
    const work = request.frontend === '' ? await led(buildkit, job) : asked(buildkit, job, request)
    if (work === undefined) return { exporterResponse: new Map() }
    const exports = exportsOf(exporters, session, signal)
    return { exporterResponse: answerOf(exporters, await work.export(exports)) }
  } finally {
    job.progress.end()
    for (const [id, work] of buildkit.references) if (work.asked.progress === job.progress) buildkit.references.delete(id)
    // A client that is slow to ask for the progress of a fast build still gets it.
    buildkit.builder.clock.after(lingering, () => buildkit.jobs.remove(ref, job))
  }
}

/** What a client that leads its build wants to have exported. */
async function led({ references }: Buildkit, { returned, signal }: Job): Promise<BuildWork | undefined> {
  const aborted = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => aborted.reject(signal.reason as Error), { once: true })
  const id = await Promise.race([returned.promise, aborted.promise])
  return id === undefined ? undefined : references.get(id)
}

function asked(buildkit: Buildkit, job: Job, { frontend, frontendAttributes, frontendInputs }: SolveRequest): BuildWork {
  const { session, progress, entitlements, signal } = job
  const inputs = inputsOf(buildkit, frontendInputs)
  return new BuildWork(buildkit.builder, {
    frontend,
    options: frontendAttributes,
    entitlements,
    session,
    inputs,
    kept: buildkit.kept,
    progress,
    signal,
  })
}
