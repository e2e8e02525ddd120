import { GalleyError } from '#base/error.ts'
import { parsePlatform } from '#content/manifests/platform.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { limitsBy } from '#build/limits.ts'
import type { StepLimits } from '#build/solve/container.ts'

/** Options of BuildKit's Dockerfile frontend by name, as clients send them. */
export type FrontendOptions = ReadonlyMap<string, string>

/**
 * What the part of the options comes to that starts with `prefix`, by the rest of the name, in order of the names: clients send
 * them in any, and the same labels should give the same image.
 */
export function optionsFrom(options: FrontendOptions, prefix: string): Map<string, string> {
  const found = [...options].filter(([name]) => name.startsWith(prefix))
  return new Map(found.map(([name, value]) => [name.slice(prefix.length), value] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Throws `not implemented` for a frontend that is not Docker's own. None is ever pulled: Galley's own knows the language. */
export function checkFrontend(frontend: string, options: FrontendOptions): void {
  if (frontend === 'dockerfile.v0') return
  const source = options.get('source') ?? ''
  if (frontend === 'gateway.v0' && /^(docker\.io\/)?docker\/dockerfile(-upstream)?([:@]|$)/.test(source)) return
  const what = frontend === 'gateway.v0' ? source : frontend
  throw new GalleyError('not implemented', `the frontend ${what} is not implemented by Galley: it builds Dockerfiles`, {
    code: 'buildkit.frontend',
    subject: what,
  })
}

/** Options that change a build and that there is nothing for. */
const refused = ['hostname'] as const

/** Throws `not implemented` for what the builder can't do. */
export function checkOptions(options: FrontendOptions): void {
  const found = refused.find((name) => !['', '0', 'false'].includes(options.get(name) ?? ''))
  if (found !== undefined) throw unsupported(`the build option ${found}`)
}

export function unsupported(what: string): GalleyError {
  return new GalleyError('not implemented', `${what} is not implemented by Galley`, { code: 'buildkit.unsupported-option', subject: what })
}

/** The platforms that are asked for; none for this machine's. */
export function platformsOf(options: FrontendOptions): readonly Platform[] {
  const names = (options.get('platform') ?? '').split(',').filter((text) => text !== '')
  return names.map(parsePlatform)
}

/** Whether an index is wanted even of one platform. */
export function isIndexed(options: FrontendOptions): boolean {
  return ['multi-platform', 'build-arg:BUILDKIT_MULTI_PLATFORM'].some((name) => ['1', 'true'].includes(options.get(name) ?? ''))
}

/** All stages, or those named, take nothing from the cache. */
export function noCacheOf(options: FrontendOptions): boolean | readonly string[] {
  const stages = options.get('no-cache')
  return stages === undefined ? false : stages === '' || stages.split(',')
}

/** Limits and surroundings of the steps. Throws `invalid`. */
export function limitsOf(options: FrontendOptions): StepLimits {
  const resources: Record<string, unknown> = limitsBy((name) => options.get(name))
  const ulimits = listOf(options, 'ulimit').map(ulimit)
  if (ulimits.length > 0) resources['Ulimits'] = ulimits
  const network = options.get('force-network-mode') ?? ''
  return {
    network: network === '' || network === 'sandbox' ? 'bridge' : network,
    hosts: listOf(options, 'add-hosts').map((entry) => entry.replace('=', ':')),
    resources,
  }
}

function ulimit(text: string): { Name: string; Soft: number; Hard: number } {
  const [, name, soft, hard] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? []
  if (name === undefined || soft === undefined) throw new GalleyError('invalid', `invalid ulimit argument: ${text}`, { subject: text })
  return { Name: name, Soft: Number(soft), Hard: Number(hard ?? soft) }
}

function listOf(options: FrontendOptions, name: string): string[] {
  return (options.get(name) ?? '').split(',').filter((entry) => entry !== '')
}
