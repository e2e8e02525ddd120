import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { kindOf } from '#base/error.ts'
import { frame } from '#base/frame-buffer.ts'
import type { Buildkit } from '#faces/buildkit/buildkit.ts'
import type { Client } from '#faces/buildkit/client.ts'
import { StatusError } from '#faces/buildkit/grpc/status.ts'
import { Job } from '#faces/buildkit/job.ts'
import { solveRequest } from '#faces/buildkit/messages/control.ts'
import type { Progress } from '#faces/buildkit/progress.ts'
import { solveFor } from '#faces/buildkit/solve.ts'
import { decode, encode, type Message } from '#faces/buildkit/wire/message.ts'
import { workFor } from '#faces/buildkit/work-for.ts'
import { registryConfig } from '#faces/docker/registry-auth.ts'
import type { Call } from '#faces/docker/route.ts'
import { readAsked, type BuildAsked, type Typed } from './asked.ts'
import { withCopyAdvice } from './copy-advice.ts'
import { failureOf } from './failure.ts'
import { lookInto } from './failed-step.ts'
import { localClient } from './local-client.ts'
import { outputStream, solveStatus, toldStream, type Told } from './told.ts'

/** Builds for a client on this machine, as a client of BuildKit's Control service has it done, and answers with frames. */
export async function buildLocally(buildkit: Buildkit, call: Call): Promise<void> {
  const { response, signal } = call
  const { asked, archive } = await readAsked(call.body)
  const send = async (stream: number, bytes: Buffer): Promise<void> => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/octet-stream' })
    if (!response.write(frame(stream, bytes))) await once(response, 'drain', { signal })
  }
  const tell = (told: Told): Promise<void> => send(toldStream, Buffer.from(JSON.stringify(told)))
  const client = localClient({
    local: asked.client,
    archive,
    logins: registryConfig(call),
    signal,
    send: (output, bytes) => send(outputStream(output), bytes),
  })
  try {
    const answer = await (asked.call === undefined ? build : question)(buildkit, { asked, client, signal, tell })
    await tell({ type: 'end', answer: Object.fromEntries(answer) })
  } catch (error) {
    if (kindOf(error) === 'internal' && !(error instanceof StatusError)) throw error
    const failure = failureOf(error)
    await tell({ type: 'error', ...failure, message: withCopyAdvice(failure.message, asked) })
  }
  response.end()
}

interface Asking {
  readonly asked: BuildAsked
  readonly client: Client
  readonly signal: AbortSignal
  readonly tell: (told: Told) => Promise<void>
}

async function build(buildkit: Buildkit, { asked, client, signal, tell }: Asking): Promise<Map<string, string>> {
  const request = requestOf(asked)
  const over = new AbortController()
  const followed = buildkit.jobs
    .get(request.ref, AbortSignal.any([signal, over.signal]))
    .then(({ progress }) => follow(progress, { signal, tell }))
  // Told below, when the build itself did not fail.
  followed.catch(() => undefined)
  try {
    const { exporterResponse } = await solveFor(buildkit, request, {
      client,
      signal,
      onFailedStep: lookInto(buildkit.builder, { asked, signal, tell }),
    })
    await followed
    return exporterResponse
  } catch (error) {
    over.abort(error)
    await followed.catch(() => undefined)
    throw error
  }
}

async function follow(progress: Progress, { signal, tell }: Pick<Asking, 'signal' | 'tell'>): Promise<void> {
  for await (const status of progress.follow(signal)) await tell({ type: 'status', status: solveStatus(status) })
}

/** Answers a question about the Dockerfile; nothing is built, and nothing remembered. */
async function question(buildkit: Buildkit, { asked, client, signal }: Asking): Promise<Map<string, string>> {
  const { ref, frontend, frontendAttributes: options, entitlements } = requestOf(asked)
  const job = new Job({ ref, client, entitlements, cacheImports: [], signal, clock: buildkit.builder.clock })
  const answers = await workFor(buildkit, job, { frontend, options, inputs: new Map() }).answer(asked.call ?? '')
  return new Map([...answers].map(([name, value]) => [name, value.toString('utf8')]))
}

function requestOf({ options, exporters, cacheFrom, cacheTo, entitlements }: BuildAsked): Message<typeof solveRequest> {
  const typed = ({ type, attributes }: Typed): { type: string; attributes: Map<string, string> } => ({
    type,
    attributes: new Map(Object.entries(attributes)),
  })
  const given = {
    ref: randomUUID().replaceAll('-', ''),
    frontend: 'dockerfile.v0',
    frontendAttributes: new Map(Object.entries(options)),
    cache: { imports: cacheFrom.map(typed), exports: cacheTo.map(typed) },
    entitlements,
    exporters: exporters.map(typed),
  }
  return decode(solveRequest, encode(solveRequest, given))
}
