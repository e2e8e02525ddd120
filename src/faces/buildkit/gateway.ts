import { randomUUID } from 'node:crypto'
import { posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { BuildWork } from './build-work.ts'
import type { Buildkit } from './buildkit.ts'
import { checkFrontend } from './frontend/options.ts'
import { always, unary, type RpcCall, type RpcRoutes } from './grpc/serve.ts'
import { StatusError } from './grpc/status.ts'
import { definitionOfResult, sourceIn } from './definitions.ts'
import type { Job } from './job.ts'
import {
  evaluateRequest,
  gatewaySolveRequest,
  gatewaySolveResponse,
  inputsResponse,
  pongResponse,
  readFileRequest,
  readFileResponse,
  returnRequest,
  statFileRequest,
  statFileResponse,
} from './messages/gateway.ts'
import { nothing } from './messages/control.ts'
import type { Given, Message } from './wire/message.ts'
import { SourceFiles } from './source-files.ts'
import { workFor } from './work-for.ts'

const service = '/moby.buildkit.v1.frontend.LLBBridge'

/** What this side of the service can do, in BuildKit's words. */
const capabilities = [
  'solve.base',
  'solve.inlinereturn',
  'readfile',
  'statfile',
  'return',
  'returnmap',
  'proto.refarray',
  'reference.output',
  'frontend.inputs',
  'frontend.caps',
  'gateway.solve.metadata',
  'gateway.solve.evaluate',
  'gateway.evaluate',
] as const

const definitionCapabilities = [
  'source.local',
  'source.local.unique',
  'source.local.sessionid',
  'source.local.includepatterns',
  'source.local.followpaths',
  'source.local.excludepatterns',
  'source.local.sharedkeyhint',
  'source.git',
  'source.git.keepgitdir',
  'source.git.fullurl',
  'source.git.subdir',
  'source.http',
  'file.base',
  'exporter.multiple',
  'exporter.image.attestations',
  'platform',
  'constraints',
  'meta.description',
] as const

/** `moby.buildkit.v1.frontend.LLBBridge`: a client leads its own build, and decides what of it is exported. */
export function gatewayRoutes(buildkit: Buildkit): RpcRoutes {
  return {
    [`${service}/Ping`]: always(pongResponse, {
      frontendCapabilities: capabilities.map((id) => ({ id, enabled: true })),
      definitionCapabilities: definitionCapabilities.map((id) => ({ id, enabled: true })),
      workers: [buildkit.worker],
    }),
    [`${service}/Solve`]: unary([gatewaySolveRequest, gatewaySolveResponse], (request, call) => solve(buildkit, request, call)),
    [`${service}/Evaluate`]: unary([evaluateRequest, nothing], async ({ ref }) => {
      await workOf(buildkit, ref).evaluate()
      return {}
    }),
    [`${service}/ReadFile`]: unary([readFileRequest, readFileResponse], async (request) => {
      const { offset = 0, length = 0 } = request.range ?? {}
      const content = await fileOf(buildkit, request)
      return { data: content.subarray(offset, length === 0 ? undefined : offset + length) }
    }),
    [`${service}/StatFile`]: unary([statFileRequest, statFileResponse], async (request) => {
      const content = await fileOf(buildkit, request)
      return { stat: { path: posix.basename(request.path), mode: 0o644, size: content.length } }
    }),
    [`${service}/Inputs`]: unary([nothing, inputsResponse], () => ({})),
    [`${service}/Return`]: unary([returnRequest, nothing], async (request, call) => {
      giveBack(await jobOf(buildkit, call), request)
      return {}
    }),
  }
}

/** Calls belong to the build that their header names. */
function jobOf({ jobs }: Buildkit, { headers, signal }: RpcCall): Promise<Job> {
  const ref = headers['buildkit-controlapi-buildid']
  if (typeof ref !== 'string') throw new GalleyError('invalid', 'the call names no build')
  return jobs.get(ref, signal)
}

function workOf({ references }: Buildkit, id: string): BuildWork {
  const work = references.get(id)
  if (!(work instanceof BuildWork)) throw new GalleyError('not found', `no such ref: ${id}`, { subject: id })
  return work
}

/** A file of a source. Throws `not found`, and `not implemented` for files of a build's result. */
async function fileOf({ references }: Buildkit, { ref, path }: { readonly ref: string; readonly path: string }): Promise<Buffer> {
  const files = references.get(ref)
  if (files === undefined) throw new GalleyError('not found', `no such ref: ${ref}`, { subject: ref })
  if (files instanceof BuildWork) throw new GalleyError('not implemented', "reading a result's files is not implemented by Galley")
  const content = await files.read(path)
  if (content === undefined) throw new GalleyError('not found', `open ${path}: no such file or directory`, { subject: path })
  return content
}

/** The build begins when its result is needed: until then, there is only a name for it. */
async function solve(
  buildkit: Buildkit,
  { frontend, frontendOptions: options, frontendInputs, evaluate, definition }: Message<typeof gatewaySolveRequest>,
  call: RpcCall,
): Promise<Given<typeof gatewaySolveResponse>> {
  const job = await jobOf(buildkit, call)
  const { builder, references } = buildkit
  const id = randomUUID()
  if (frontend === '') {
    const { client, progress, signal } = job
    references.set(id, new SourceFiles({ builder, client, progress, signal, source: sourceIn(definition) }))
    return { ref: id, result: { ref: { id } } }
  }
  checkFrontend(frontend, options)
  const work = workFor(buildkit, job, { frontend, options, inputs: frontendInputs })
  const question = options.get('requestid')
  if (question !== undefined) return { result: { metadata: await work.answer(question) } }
  references.set(id, work)
  if (evaluate) await work.evaluate()
  return { ref: id, result: { ref: { id, definition: definitionOfResult(id) } } }
}

/** The client is through with leading: with a result, or with a failure that the build is to end with. */
function giveBack({ returned }: Job, { result, error }: Message<typeof returnRequest>): void {
  if (error !== undefined && error.code !== 0) {
    const details = error.details.filter((detail) => detail !== undefined)
    returned.reject(new StatusError(error.message, { code: error.code, details }))
    return
  }
  const refs = result?.refs === undefined ? [result?.ref] : [...result.refs.refs.values()]
  const ids = refs.flatMap((ref) => (ref === undefined || ref.id === '' ? [] : ref.id))
  if (ids.length > 1) returned.reject(new GalleyError('not implemented', 'results of several platforms are not implemented by Galley'))
  else returned.resolve(ids[0])
}
