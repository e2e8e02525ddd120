import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isAbsolute, relative, resolve } from 'node:path'
import { GalleyError, reasonOf } from '#base/error.ts'
import { parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import type { AttestRequest } from '#build/attest/request.ts'
import { buildImage } from '#build/build.ts'
import type { Builder } from '#build/builder.ts'
import { DirectoryContext } from '#build/context/directory-context.ts'
import { remoteContext, type Remote } from '#build/context/remote-context.ts'
import type { ContextSource } from '#build/context/source.ts'
import type { OnProgress } from '#build/progress.ts'
import type { NamedContext } from '#build/request.ts'
import type { StepLimits } from '#build/solve/container.ts'
import type { Told, WantedImage, World } from '#compose/apply/world.ts'
import type { Build } from '#compose/model/model.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { formatPlatform, hostPlatform, parsePlatform } from '#content/manifests/platform.ts'
import { attestationsOf } from '#faces/buildkit/frontend/attestations.ts'
import { entitlementsOf } from '#faces/buildkit/frontend/request.ts'
import { agentOf, secretOf } from './build-secrets.ts'
import { cachesOf } from './build-caches.ts'
import { transferTold } from './transfer.ts'

/** Lets Compose projects build their images; what fails there is explained at the end, with all else. */
export function buildForCompose(all: Builder): World['images']['build'] {
  const { explain: _, ...builder } = all
  return async (wanted, told, { signal, credentials }) => {
    const { build, reference } = wanted
    const { context, args, target, labels = {}, noCache, noCacheFilter, pull, tags = [], privileged, entitlements = [] } = build
    const platform = platformOf(build, told)
    const offered = {
      secrets: async (id: string) => secretOf(wanted.files[id]),
      ssh: async (id: string) => agentOf(build, id),
      warn: told.warning,
    }
    await buildImage(builder, {
      context: contextOf(builder, context, offered),
      dockerfile: dockerfileOf(build),
      args: new Map(Object.entries(args)),
      ...(target !== undefined && { target }),
      contexts: contextsOf(builder, wanted, offered),
      tags: [reference, ...tags].map((name) => withDefaultTag(parseImageReference(name))),
      labels,
      limits: limitsOf(build),
      noCache: noCache === true || (noCacheFilter ?? false),
      ...(pull !== undefined && { pull }),
      ...(platform !== undefined && { platform }),
      attest: attestOf(build),
      entitlements: entitlementsOf([...entitlements, ...(privileged === true ? ['security.insecure'] : [])]),
      ...cachesOf(wanted, { signal, warn: told.warning }),
      ...(credentials !== undefined && { credentials: ({ domain }) => credentials(domain) }),
      ...offered,
      onProgress: buildTold(told),
      signal,
    })
  }
}

/** `provenance` and `sbom`, in the words of BuildKit's frontend. Throws as `attestationsOf`. */
function attestOf({ context, dockerfile, target, args, labels = {}, provenance, sbom }: Build): AttestRequest {
  const wanted = Object.entries({ provenance, sbom }).flatMap(([name, value = 'false']): [string, string][] =>
    value === 'false' ? [] : [[`attest:${name}`, value === 'true' ? '' : value]],
  )
  const options = new Map([
    ...wanted,
    ...Object.entries(args).map(([name, value]): [string, string] => [`build-arg:${name}`, value]),
    ...Object.entries(labels).map(([name, value]): [string, string] => [`label:${name}`, value]),
    ['filename', dockerfile],
    ...(target === undefined ? [] : [['target', target] as const]),
    ...(isAbsolute(context) ? [] : [['context', context] as const]),
  ])
  return attestationsOf({ ref: randomUUID(), frontend: 'dockerfile.v0', options, inputs: new Map() })
}

/** What a project has for its builds, as other clients have it. */
type Offered = Pick<Remote, 'secrets' | 'ssh' | 'warn'>

function contextOf({ transport, surroundings }: Builder, context: string, offered: Offered): ContextSource {
  if (isAbsolute(context)) return new DirectoryContext(context)
  return remoteContext(context, { transport, surroundings, ...offered, keepsGitDirectory: false })
}

/** Directories, addresses, images, and the images of other services. Throws `not found`. */
function contextsOf(builder: Builder, { build, imageOf }: WantedImage, offered: Offered): Map<string, NamedContext> {
  const entries = Object.entries(build.additionalContexts ?? {}).map(([name, context]): [string, NamedContext] => {
    const [, scheme, rest = ''] = /^(service:|docker-image:\/\/)(.*)$/.exec(context) ?? []
    if (scheme === undefined) return [name.toLowerCase(), { kind: 'files', source: contextOf(builder, context, offered) }]
    const reference = scheme === 'service:' ? imageOf(rest) : rest
    if (reference === undefined) throw new GalleyError('not found', `build context ${context}: no such service`, { subject: rest })
    return [name.toLowerCase(), { kind: 'image', reference }]
  })
  return new Map(entries)
}

function limitsOf({ network = 'default', extraHosts = [], shmSize, ulimits }: Build): StepLimits {
  return {
    // By the name that the other ways to build have for it, so that all of them find each other's steps.
    network: network === 'default' ? 'bridge' : network,
    hosts: extraHosts,
    resources: {
      ...(shmSize !== undefined && { ShmSize: shmSize }),
      ...(ulimits !== undefined && { Ulimits: ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })) }),
    },
  }
}

/** The store has images of one platform each: of several, that of this machine. Throws `invalid` when it is none of them. */
function platformOf({ platforms = [] }: Build, told: Told): Platform | undefined {
  if (platforms.length < 2) return platforms[0] === undefined ? undefined : parsePlatform(platforms[0])
  const own = platforms
    .map(parsePlatform)
    .find(({ os, architecture }) => os === hostPlatform().os && architecture === hostPlatform().architecture)
  if (own === undefined)
    throw new GalleyError('invalid', `none of the platforms ${platforms.join(', ')} is this machine's, ${formatPlatform(hostPlatform())}`, {
      advice: 'Say with the service for which platform its containers are.',
    })
  told.warning(`of ${platforms.join(', ')}, only ${formatPlatform(own)} is built; docker buildx build --push builds an index of all`)
  return own
}

/** One outside of the context is read here, as a build looks for it inside alone. */
function dockerfileOf({ context, dockerfile: written, dockerfileInline }: Build): string | { readonly text: string } {
  if (dockerfileInline !== undefined) return { text: dockerfileInline }
  if (!isAbsolute(context)) return written
  const path = resolve(context, written)
  const inside = relative(context, path)
  if (!inside.startsWith('../')) return inside
  try {
    return { text: readFileSync(path, 'utf8') }
  } catch (cause) {
    throw new GalleyError('not found', `the Dockerfile ${path} can't be read: ${reasonOf(cause)}`, { subject: path, cause })
  }
}

/** Steps, what they print in whole lines, and how far a base image's pull is. */
function buildTold(told: Told): OnProgress {
  const transfer = transferTold(told)
  const lines = new Map<number, LineBuffer>()
  return (event) => {
    switch (event.type) {
      case 'step':
        return told.progress(`Step ${event.number}/${event.total} : ${event.text}`)
      case 'output':
        return linesOf(lines, event.stage).push(event.text).forEach(told.output)
      case 'warning':
        return told.warning(event.text)
      case 'transfer':
        return transfer(event.transfer)
      default:
        return undefined
    }
  }
}

/** Stages print at the same time. */
function linesOf(buffers: Map<number, LineBuffer>, stage: number): LineBuffer {
  const buffer = buffers.get(stage) ?? new LineBuffer()
  buffers.set(stage, buffer)
  return buffer
}
