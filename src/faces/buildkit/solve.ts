import { orAborted } from '#base/abort.ts'
import { GalleyError, messageOf } from '#base/error.ts'
import { BuildWork } from './build-work.ts'
import type { Buildkit } from './buildkit.ts'
import { cacheTargets, type CacheOption } from './caches.ts'
import { answerOf, exportersOf, exportsOf, type Exporter } from './exports.ts'
import { unsupported } from './frontend/options.ts'
import type { RpcCall } from './grpc/serve.ts'
import { originsOf } from './history/origins.ts'
import { Job } from './job.ts'
import type { solveRequest } from './messages/control.ts'
import { clientOf } from './session/session-client.ts'
import type { Message } from './wire/message.ts'
import { workFor, type Question } from './work-for.ts'

/** Milliseconds for which a build that is over is still found. */
const lingering = 10_000

interface Solved {
  readonly exporterResponse: Map<string, string>
}

type SolveRequest = Message<typeof solveRequest>

/** Carries out a build from beginning to end; without a frontend, the client leads it through the LLBBridge service. */
export async function solve(buildkit: Buildkit, request: SolveRequest, call: RpcCall): Promise<Solved> {
  check(request)
  return await solveFor(buildkit, request, {
    client: clientOf(await buildkit.sessions.get(request.session, call.signal)),
    signal: call.signal,
  })
}

/** The same for a client that is there already. */
export async function solveFor(
  buildkit: Buildkit,
  request: SolveRequest,
  { client, signal: given, onFailedStep }: Pick<ConstructorParameters<typeof Job>[0], 'client' | 'signal' | 'onFailedStep'>,
): Promise<Solved> {
  const { ref, entitlements } = request
  if (buildkit.jobs.has(ref)) throw new GalleyError('already exists', `job ID ${ref} exists`, { subject: ref })
  const signal = AbortSignal.any([given, client.signal])
  const job = new Job({
    ref,
    client,
    entitlements,
    cacheImports: listed(request.cache?.imports),
    signal,
    clock: buildkit.builder.clock,
    onFailedStep,
  })
  buildkit.jobs.add(ref, job)
  try {
    return await recorded(buildkit, { job, request }, async (exporters) => {
      const isLed = request.frontend === '' && request.definition === undefined
      const work = isLed ? await led(buildkit, job) : request.frontend === '' ? undefined : workFor(buildkit, job, asked(request))
      if (work === undefined) return { answer: new Map() }
      const notes = new Map<string, string>()
      const receiver = { client, signal, note: (name: string, value: string) => void notes.set(name, value) }
      const exports = { ...exportsOf(exporters, receiver), cacheTo: cacheTargets(listed(request.cache?.exports), receiver) }
      const answer = answerOf(exporters, await work.export(exports), job.progress.pushed)
      return { answer: new Map([...answer, ...notes]), origins: work.origins }
    })
  } finally {
    job.progress.end()
    forget(buildkit, job)
    // A client that is slow to ask for the progress of a fast build still gets it.
    buildkit.builder.clock.after(lingering, () => buildkit.jobs.remove(ref, job))
  }
}

/** Throws `not implemented` for what would otherwise be passed over in silence. An empty definition of which nothing is exported asks for nothing. */
function check(request: SolveRequest): void {
  const { frontend, definition, sourcePolicy } = request
  if (frontend === '' && definition !== undefined && definition.ops.length + exportersOf(request).length > 0)
    throw unsupported('solving a low-level definition')
  if (sourcePolicy.length > 0) throw unsupported('a source policy')
}

const asked = ({ frontend, frontendAttributes, frontendInputs }: SolveRequest): Question => ({
  frontend,
  options: frontendAttributes,
  inputs: frontendInputs,
})

/** What a build's client is answered, and how its result was made, by platform. */
interface Ended {
  readonly answer: Map<string, string>
  readonly origins?: BuildWork['origins']
}

/** Keeps a build in the history while it goes on and afterwards, unless its client wants it left out. */
async function recorded(
  { builder, history }: Buildkit,
  { job, request }: { readonly job: Job; readonly request: SolveRequest },
  task: (exporters: readonly Exporter[]) => Promise<Ended>,
): Promise<Solved> {
  const exporters = exportersOf(request)
  if (request.internal) return { exporterResponse: (await task(exporters)).answer }
  const record = {
    ref: job.ref,
    frontend: request.frontend || 'dockerfile.v0',
    options: Object.fromEntries(request.frontendAttributes),
    exporters: exporters.map(({ type, attributes }) => ({ type, attributes: Object.fromEntries(attributes) })),
    created: builder.clock.now(),
    pinned: false,
  }
  history.begin({ ...record, steps: job.progress.counts })
  const end = (how: { readonly answer: Record<string, string> } | { readonly error: string }, origins?: Ended['origins']): void =>
    history.end(
      { ...record, ...how, completed: builder.clock.now(), steps: job.progress.counts },
      { log: job.progress.told, origins: originsOf(origins) },
    )
  try {
    const { answer, origins } = await task(exporters)
    end({ answer: Object.fromEntries(answer) }, origins)
    return { exporterResponse: answer }
  } catch (error) {
    end({ error: messageOf(error) })
    throw error
  }
}

function listed(options: readonly (CacheOption | undefined)[] = []): CacheOption[] {
  return options.filter((option) => option !== undefined)
}

/** What the calls of a build named is of no use any more. */
function forget({ references }: Buildkit, { progress }: Job): void {
  for (const [id, work] of references) {
    if (work.progress !== progress) continue
    references.delete(id)
    work[Symbol.dispose]()
  }
}

/** What a client that leads its build wants to have exported. */
async function led({ references }: Buildkit, { returned, signal }: Job): Promise<BuildWork | undefined> {
  const id = await orAborted(returned.promise, signal)
  const work = id === undefined ? undefined : references.get(id)
  return work instanceof BuildWork ? work : undefined
}
