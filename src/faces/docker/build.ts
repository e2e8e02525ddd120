import { GalleyError } from '#base/error.ts'
import type { Digest } from '#base/digest.ts'
import { parseImageReference, type ImageReference } from '#base/image-reference.ts'
import { isObject } from '#base/json.ts'
import { parsePlatform } from '#content/manifests/platform.ts'
import { buildImage } from '#build/build.ts'
import type { Builder } from '#build/builder.ts'
import { pruneBuilds } from '#build/cache/prune.ts'
import { remoteContext } from '#build/context/remote-context.ts'
import type { ContextSource } from '#build/context/source.ts'
import { TarContext } from '#build/context/tar-context.ts'
import { limitsBy } from '#build/limits.ts'
import type { BuildRequest } from '#build/request.ts'
import type { StepLimits } from '#build/solve/container.ts'
import { StepFailure } from '#build/solve/run.ts'
import { buildStream } from './build-stream.ts'
import { sendProgress, type Report } from './progress.ts'
import { registryConfig } from './registry-auth.ts'
import { filters, flag, sendJson, type Call, type Handler, type Routes } from './route.ts'

/**
 * The builder's endpoints of the Engine API; `withSession` answers clients that ask for BuildKit (`version=2`). Missing:
 * `squash`; of `rm=0`, containers for instructions that run nothing.
 */
export function buildRoutes(builder: Builder, withSession: Handler) {
  return {
    'POST /build': (call) => (call.query.get('version') === '2' ? withSession(call) : build(builder, call)),
    'POST /build/prune': (call) => prune(builder, call),
  } satisfies Routes
}

async function build(builder: Builder, call: Call): Promise<void> {
  if (isGiven(call.query, 'outputs')) throw unsupported('outputs, parameter "outputs" of build,')
  if (call.query.get('remote') === clientSession) throw unsupported('a context of a session, without version=2,')
  const quiet = flag(call.query, 'q')
  const request = buildRequestOf(builder, call)
  await sendProgress(call, async (report) => {
    const onProgress = quiet ? () => undefined : buildStream(report)
    const classic = { classic: true, cacheFromAlone: (request.cacheFrom ?? []).length > 0, ...keptContainers(call.query) }
    const id = await carryOut(builder, { ...request, ...classic, onProgress }, report)
    if (quiet && id !== undefined) report({ stream: `${id}\n` })
  })
}

/** A command that failed tells its code beside the message. */
async function carryOut(builder: Builder, request: BuildRequest, report: Report): Promise<Digest | undefined> {
  try {
    return (await buildImage(builder, request)).id
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    report({ errorDetail: { code: error.exitCode, message: error.message }, error: error.message })
    return undefined
  }
}

/** How `remote` names the files of a session. */
export const clientSession = 'client-session'

const refused = {
  squash: 'squash',
  isolation: 'isolation',
} as const

function refuse(query: URLSearchParams): void {
  if (!['', '1', '2'].includes(query.get('version') ?? '')) throw unsupported(`builder version ${query.get('version')}`)
  for (const [name, what] of Object.entries(refused)) if (isGiven(query, name)) throw unsupported(`${what}, parameter "${name}" of build,`)
}

function isGiven(query: URLSearchParams, name: string): boolean {
  return !['', '0', 'false', 'default', '[]', 'null'].includes(query.get(name) ?? '')
}

function unsupported(what: string): GalleyError {
  return new GalleyError('not implemented', `${what} is not implemented by Galley`, { code: 'build.unsupported-option', subject: what })
}

/** What the parameters ask for, with the body as the context. Throws `invalid`, `not implemented`. */
export function buildRequestOf(builder: Builder, call: Call): BuildRequest {
  const { query } = call
  refuse(query)
  const platform = query.get('platform') ?? ''
  const target = query.get('target') ?? ''
  const credentials = registryConfig(call)
  return {
    context: contextOf(builder, call),
    dockerfile: query.get('dockerfile') || 'Dockerfile',
    args: new Map(Object.entries(textsOf(query, 'buildargs')).filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    labels: textsOf(query, 'labels') as Record<string, string>,
    tags: query
      .getAll('t')
      .filter((tag) => tag !== '')
      .map(tagOf),
    limits: limitsOf(query),
    cacheFrom: listOf(query, 'cachefrom').map((text) => ({ kind: 'image', reference: parseImageReference(text), prefersHere: true })),
    unsetArgs: Object.entries(textsOf(query, 'buildargs')).flatMap(([name, value]) => (value === null ? [name] : [])),
    noCache: flag(query, 'nocache'),
    pull: flag(query, 'pull'),
    credentials: ({ domain }) => credentials.get(domain),
    signal: call.signal,
    ...(target !== '' && { target }),
    ...(platform !== '' && { platform: parsePlatform(platform) }),
  }
}

/** `rm` counts where it is given alone: Docker's default is to keep a container only of a step that failed. */
function keptContainers(query: URLSearchParams): Pick<BuildRequest, 'keepsContainers'> {
  if (flag(query, 'forcerm')) return {}
  return { keepsContainers: query.get('rm') === null || query.get('rm') === '' || flag(query, 'rm') ? 'of failures' : 'all' }
}

/** The request's body, or what its `remote` names. */
function contextOf({ transport, surroundings }: Builder, { query, body }: Call): ContextSource {
  const remote = query.get('remote') ?? ''
  if (remote === '' || remote === clientSession) return new TarContext(body)
  return remoteContext(remote, { transport, surroundings, secrets: undefined, keepsGitDirectory: false })
}

function tagOf(text: string): ImageReference {
  const reference = parseImageReference(text)
  if (reference.digest !== undefined) throw new GalleyError('invalid', 'build tag cannot contain a digest', { subject: text })
  return reference
}

function limitsOf(query: URLSearchParams): StepLimits {
  const resources: Record<string, unknown> = limitsBy((name) => query.get(name.replace('-', '')) ?? undefined)
  const ulimits = jsonOf(query, 'ulimits')
  if (Array.isArray(ulimits) && ulimits.length > 0) resources['Ulimits'] = ulimits
  const options = jsonOf(query, 'securityopt')
  if (Array.isArray(options) && options.length > 0) resources['SecurityOpt'] = options
  const network = query.get('networkmode') ?? ''
  return {
    network: network === '' || network === 'default' ? 'bridge' : network,
    hosts: query.getAll('extrahosts').filter((host) => host !== ''),
    resources,
  }
}

function textsOf(query: URLSearchParams, name: string): Record<string, string | null> {
  const value = jsonOf(query, name)
  if (value === undefined || value === null) return {}
  if (isObject(value) && Object.values(value).every((entry) => entry === null || typeof entry === 'string'))
    return value as Record<string, string | null>
  throw new GalleyError('invalid', `error reading build options: "${name}" must be a JSON object of texts`)
}

function listOf(query: URLSearchParams, name: string): readonly string[] {
  const value = jsonOf(query, name)
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

function jsonOf(query: URLSearchParams, name: string): unknown {
  const text = query.get(name) ?? ''
  if (text === '') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new GalleyError('invalid', `error reading build options: "${name}" is not valid JSON`, { cause })
  }
}

async function prune(builder: Builder, call: Call): Promise<void> {
  const { deleted, reclaimed } = await pruneBuilds(builder, { all: flag(call.query, 'all'), filters: filters(call.query) })
  sendJson(call, 200, { CachesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed })
}
