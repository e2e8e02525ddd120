import { GalleyError } from '#base/error.ts'
import type { AttestRequest } from '#build/attest/request.ts'
import type { Builder } from '#build/builder.ts'
import { remoteContext } from '#build/context/remote-context.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import { loadImages } from '#engine/images/load.ts'
import type { BuildRequest, Entitlement, NamedContext } from '#build/request.ts'
import { cacheSources, type CacheOption } from '../caches.ts'
import type { Client } from '../client.ts'
import type { Input } from '../inputs.ts'
import type { Progress } from '../progress.ts'
import { ClientContext } from '../session/client-context.ts'
import { archiveOf } from '../session/image-layout.ts'
import type { KeptContexts } from '../session/kept-contexts.ts'
import { attestationsOf, recordedOrigin } from './attestations.ts'
import { mainContext, remoteOf } from './main-context.ts'
import {
  checkFrontend,
  checkOptions,
  isIndexed,
  unsupported,
  limitsOf,
  noCacheOf,
  optionsFrom,
  platformsOf,
  type FrontendOptions,
} from './options.ts'

/** What a client asks for, and what it takes to carry that out. */
export interface Asked {
  /** Of the build. */
  readonly ref: string
  readonly builder: Builder
  readonly frontend: string
  readonly options: FrontendOptions
  readonly entitlements: readonly string[]
  readonly cacheImports: readonly CacheOption[]
  readonly client: Client
  readonly inputs: ReadonlyMap<string, Input>
  readonly kept: KeptContexts
  readonly progress: Progress
  readonly signal: AbortSignal
  /** As the builder's, with the failure as clients are told of it. */
  readonly onFailedStep?: NonNullable<BuildRequest['onFailedStep']>
  /** Is told how the result for each platform was made. */
  readonly onOrigin?: NonNullable<AttestRequest['recorded']>['tell']
}

/** A request to the builder, without what becomes of its result. */
export interface Prepared {
  readonly request: BuildRequest
  /** Path and text of the Dockerfile, once it was read. */
  readonly definition: () => { readonly name: string; readonly text: string } | undefined
  /** What to give back when the build is over. */
  readonly leases: Disposable
}

/** Translates what BuildKit's Dockerfile frontend is asked for. Throws `invalid`, `not implemented`. */
export async function prepare(asked: Asked): Promise<Prepared> {
  const { frontend, options, client, progress, signal } = asked
  checkFrontend(frontend, options)
  checkOptions(options)
  const leases = new DisposableStack()
  const { context, dockerfile, definition } = mainContext(asked, leases)
  const target = options.get('target') ?? ''
  const request: BuildRequest = {
    context,
    dockerfile,
    contexts: await namedContexts(asked, leases),
    args: optionsFrom(options, 'build-arg:'),
    labels: Object.fromEntries(optionsFrom(options, 'label:')),
    tags: [],
    limits: limitsOf(options),
    noCache: noCacheOf(options),
    pull: options.get('image-resolve-mode') === 'pull',
    cacheFrom: cacheSources(asked.cacheImports, options, { client, signal }),
    entitlements: entitlementsOf(asked.entitlements),
    ...servicesOf(client, signal),
    onProgress: progress.onEvent,
    signal,
    ...(target !== '' && { target }),
    attest: {
      ...attestationsOf(asked),
      ...(asked.onOrigin !== undefined && { recorded: { request: recordedOrigin(asked), tell: asked.onOrigin } }),
    },
    platforms: platformsOf(options),
    indexed: isIndexed(options),
  }
  return { request, definition, leases }
}

/** What a client offers to the steps of a build. */
export function servicesOf(client: Client, signal: AbortSignal): Required<Pick<BuildRequest, 'credentials' | 'secrets' | 'ssh'>> {
  return {
    credentials: ({ domain }) => client.credentials(domain, signal),
    secrets: (id) => client.secret(id, signal),
    ssh: (id) => client.agent(id, signal),
  }
}

const isEntitlement = (text: string): text is Entitlement =>
  ['network.host', 'security.insecure', 'device'].includes(text) || /^device=[^,]+(,alias=[^,]+)?$/.test(text)

/** Throws `not implemented` for others. */
export function entitlementsOf(asked: readonly string[]): ReadonlySet<Entitlement> {
  const other = asked.find((each) => !isEntitlement(each))
  if (other !== undefined) throw unsupported(`the entitlement ${other}`)
  return new Set(asked.filter(isEntitlement))
}

/** `--build-context`: the name may say which platform it holds for; this builder builds for one. */
async function namedContexts(asked: Asked, leases: DisposableStack): Promise<ReadonlyMap<string, NamedContext>> {
  const contexts = new Map<string, NamedContext>()
  for (const [key, value] of optionsFrom(asked.options, 'context:')) {
    contexts.set(contextName(key), await namedContext(asked, { key, value }, leases))
  }
  return contexts
}

function contextName(key: string): string {
  return key
    .replace(/::.*$/, '')
    .replace(/:latest$/, '')
    .toLowerCase()
}

async function namedContext(
  asked: Asked,
  { key, value }: { readonly key: string; readonly value: string },
  leases: DisposableStack,
): Promise<NamedContext> {
  const { client, kept, inputs, options, progress } = asked
  const [, kind, rest] = /^([a-z-]+):(?:\/\/)?(.*)$/s.exec(value) ?? []
  if (kind === 'docker-image' && rest !== undefined) return { kind: 'image', reference: rest }
  if (kind === 'input' && rest !== undefined) {
    const input = inputs.get(rest)
    if (input === undefined) throw new GalleyError('invalid', `invalid input ${rest} for ${key}`, { subject: rest })
    return input.kind === 'files' ? { kind: 'files', source: input.context } : { kind: 'image', reference: await input.evaluate() }
  }
  if (kind === 'local' && rest !== undefined) {
    const sharedKey = options.get(`sharedkey:localdir:${key}`)
    const vertex = `[context ${contextName(key)}] load from client`
    const onBytes = (_what: string, current: number, done: boolean): void =>
      progress.amount(vertex, { name: `transferring ${rest}:`, current, done })
    const parts = { client, kept, directory: rest, leases, onBytes }
    return { kind: 'files', source: new ClientContext({ ...parts, ...(sharedKey !== undefined && { sharedKey }) }) }
  }
  const layout = /^oci-layout:(?:\/\/)?([^@]+)@(.*)$/s.exec(value)
  if (layout !== null) return { kind: 'image', reference: await loadLayout(asked, layout[1] ?? '', layout[2] ?? '') }
  if (/^(https?|git|ssh):\/\/|^git@/.test(value)) return { kind: 'files', source: remoteContext(value, remoteOf(asked)) }
  throw new GalleyError('not implemented', `the context ${key}=${value} is not implemented by Galley`, {
    code: 'buildkit.context',
    subject: value,
    advice: 'It takes directories, images (docker-image://…, oci-layout://…), addresses, and targets of the same build.',
  })
}

/** Brings an image here from a layout on the client's side, and resolves with its id. */
async function loadLayout({ builder, client, options, signal }: Asked, name: string, digest: string): Promise<string> {
  // The client puts the store's id where a reference has its repository, and may add a tag.
  const store = client.blobs(`oci:${name.replace(/:.*$/, '')}`, signal)
  const [loaded] = await loadImages(builder.images, archiveOf(store, digest, platformsOf(options)[0] ?? hostPlatform()))
  if (loaded === undefined) throw new GalleyError('not found', `there is no image in the layout ${name}`, { subject: name })
  return loaded.image.id
}
