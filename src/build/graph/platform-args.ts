import { formatPlatform } from '#content/manifests/platform.ts'
import type { Platform } from '#content/manifests/manifest.ts'

/** `TARGETPLATFORM`, `BUILDARCH` and their relatives (Dockerfile reference, Automatic platform ARGs). */
export function platformArgs(build: Platform, target: Platform): Map<string, string> {
  const of = (prefix: string, platform: Platform): [string, string][] => [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ]
  return new Map([...of('BUILD', build), ...of('TARGET', target)])
}

/** Build arguments that need no `ARG`, leave no trace in the history and no part in cache keys. */
export const proxyArgs: ReadonlySet<string> = new Set(
  ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]),
)
