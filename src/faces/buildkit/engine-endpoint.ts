import { adviceWith, GalleyError } from '#base/error.ts'
import { buildImage, type BuildResult } from '#build/build.ts'
import type { BuildRequest } from '#build/request.ts'
import { buildRequestOf, clientSession } from '#faces/docker/build.ts'
import { sendProgress, type Report } from '#faces/docker/progress.ts'
import { flag, type Call } from '#faces/docker/route.ts'
import type { Buildkit } from './buildkit.ts'
import type { Client } from './client.ts'
import { exportsOf, type Exporter } from './exports.ts'
import { servicesOf } from './frontend/request.ts'
import { statusResponse } from './messages/control.ts'
import { Progress } from './progress.ts'
import { ClientContext } from './session/client-context.ts'
import { clientOf } from './session/session-client.ts'
import { encode } from './wire/message.ts'
import { worded } from './wording.ts'

/**
 * `POST /build?version=2` of the Engine API: the classic endpoint's parameters, a session beside it for credentials, secrets,
 * agents and files, and progress as BuildKit's, in `aux` messages of the stream.
 */
export async function buildForEngine(buildkit: Buildkit, call: Call): Promise<void> {
  const { query, signal } = call
  const request = buildRequestOf(buildkit.builder, call)
  const exporters = exportersIn(query)
  const id = query.get('session') ?? ''
  if (id === '' && (query.get('remote') === clientSession || exporters.some(({ type }) => type !== 'image' && type !== 'moby')))
    throw new GalleyError('invalid', 'a context from the client, and outputs to it, need a session')
  const client = id === '' ? undefined : clientOf(await buildkit.sessions.get(id, signal))
  using leases = new DisposableStack()
  const progress = new Progress(buildkit.builder.clock)
  const given: BuildRequest = {
    ...request,
    ...(client !== undefined && fromSession(buildkit, { call, client, request, exporters, leases })),
    onProgress: progress.onEvent,
  }
  await sendProgress(call, async (report) => {
    const told = flag(query, 'q') ? undefined : tell(progress, report, signal)
    const result = await carryOut(buildkit, given).finally(() => progress.end())
    await told
    report({ id: 'moby.image.id', aux: { ID: result.id } })
  })
}

async function carryOut({ builder }: Buildkit, request: BuildRequest): Promise<BuildResult> {
  try {
    return await buildImage(builder, request)
  } catch (error) {
    throw error instanceof GalleyError ? new GalleyError(error.kind, worded(adviceWith(error)), { cause: error }) : error
  }
}

async function tell(progress: Progress, report: Report, signal: AbortSignal): Promise<void> {
  for await (const status of progress.follow(signal))
    report({ id: 'moby.buildkit.trace', aux: encode(statusResponse, status).toString('base64') })
}

function fromSession(
  { kept }: Buildkit,
  parts: {
    readonly call: Call
    readonly client: Client
    readonly request: BuildRequest
    readonly exporters: readonly Exporter[]
    readonly leases: DisposableStack
  },
): Partial<BuildRequest> {
  const { call, client, request, exporters, leases } = parts
  const services = servicesOf(client, call.signal)
  const path = typeof request.dockerfile === 'string' ? request.dockerfile : 'Dockerfile'
  const definition = { directory: 'dockerfile', path }
  const { outputs } = exportsOf(exporters, { client, signal: call.signal, note: () => undefined })
  return {
    ...services,
    credentials: async (reference) => (await services.credentials(reference)) ?? request.credentials?.(reference),
    ...(exporters.length > 0 && { outputs }),
    ...(call.query.get('remote') === clientSession && {
      context: new ClientContext({ client, kept, directory: 'context', definition, leases }),
    }),
  }
}

/** `outputs`: a list of types and their attributes. Throws `invalid`. */
function exportersIn(query: URLSearchParams): Exporter[] {
  const text = query.get('outputs') ?? ''
  if (text === '') return []
  const given = parsed(text)
  if (given === null) return []
  if (!Array.isArray(given)) throw new GalleyError('invalid', 'invalid outputs specified')
  return given.map((each: { Type?: unknown; Attrs?: unknown }) => {
    if (typeof each?.Type !== 'string') throw new GalleyError('invalid', 'invalid outputs specified')
    return { type: each.Type, attributes: new Map(Object.entries((each.Attrs ?? {}) as Record<string, string>)) }
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new GalleyError('invalid', 'invalid outputs specified', { cause })
  }
}
