import { GalleyError } from '#base/error.ts'
import { checkSyntax } from './dockerfile/parse.ts'

/** What build arguments say about the build itself (Dockerfile reference, BuildKit built-in build args). */
export interface Settings {
  /** Milliseconds since the epoch: nothing that the build makes is younger. */
  readonly epoch: number | undefined
  /** Host name that steps see. */
  readonly hostname: string | undefined
  /** Put before the ids of cache mounts. */
  readonly cacheNamespace: string
}

/** Arguments that need no `ARG` to mean something. */
const names: ReadonlySet<string> = new Set([
  'SOURCE_DATE_EPOCH',
  'BUILDKIT_SYNTAX',
  'BUILDKIT_SANDBOX_HOSTNAME',
  'BUILDKIT_CACHE_MOUNT_NS',
  'BUILDKIT_INLINE_CACHE',
  'BUILDKIT_BUILD_NAME',
  'BUILDKIT_DOCKERFILE_CHECK',
  'BUILDKIT_MULTI_PLATFORM',
])

export function isSetting(name: string): boolean {
  return names.has(name) || name.startsWith('BUILDKIT_ATTEST_')
}

/** Throws `invalid` for an epoch that is no number of seconds, `not implemented` for another frontend. */
export function settingsOf(args: ReadonlyMap<string, string>): Settings {
  checkSyntax(args.get('BUILDKIT_SYNTAX'))
  return {
    epoch: epochOf(args.get('SOURCE_DATE_EPOCH')),
    hostname: args.get('BUILDKIT_SANDBOX_HOSTNAME'),
    cacheNamespace: args.get('BUILDKIT_CACHE_MOUNT_NS') ?? '',
  }
}

function epochOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const seconds = Number(text)
  if (!/^\d{1,11}$/.test(text)) throw new GalleyError('invalid', `invalid SOURCE_DATE_EPOCH: ${text}`, { subject: text })
  return seconds * 1000
}
