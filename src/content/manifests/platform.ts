import { GalleyError } from '#base/error.ts'
import type { Descriptor, Platform } from './manifest.ts'

const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  ia32: '386',
  i386: '386',
  armhf: 'arm',
}

/** Go's name of an architecture, which images use. */
export function architectureOf(name: string): string {
  return Object.hasOwn(architectures, name) ? (architectures[name] ?? name) : name
}

/** This machine's platform. */
export function hostPlatform(): Platform {
  return { os: 'linux', architecture: architectureOf(process.arch) }
}

/** Parses `linux/arm64/v8`, `linux/amd64` or `arm64`. Throws `invalid` with Docker's wording. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/')
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part))) {
    throw unknownPlatform(text)
  }
  const [first = '', second, variant] = parts
  if (second === undefined) return single(text, first)
  return { os: first, architecture: architectureOf(second), ...(variant === undefined ? {} : { variant }) }
}

/** What Go knows (go tool dist list), where a word alone must say which of the two it is. */
const systems = new Set('aix android darwin dragonfly freebsd illumos ios js netbsd openbsd plan9 solaris wasip1 windows'.split(' '))
const processors = new Set('386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm unknown'.split(' '))

function single(text: string, word: string): Platform {
  if (word === 'linux') return hostPlatform()
  if (systems.has(word) || word === 'macos') return { os: word === 'macos' ? 'darwin' : word, architecture: hostPlatform().architecture }
  const architecture = architectureOf(word)
  if (processors.has(architecture)) return { os: 'linux', architecture }
  throw unknownPlatform(text)
}

function unknownPlatform(text: string): GalleyError {
  return new GalleyError('invalid', `"${text}": unknown operating system or architecture: invalid argument`, {
    subject: text,
    advice: 'It is written as linux/amd64 or linux/arm64.',
  })
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/')
}

/** Whether an image that is for `own` is what was asked for; where one of the two leaves the variant open, any will do. */
export function fitsPlatform(own: Platform, wanted: Platform): boolean {
  const sameVariant = !own.variant || !wanted.variant || own.variant === wanted.variant
  return own.os === wanted.os && architectureOf(own.architecture) === architectureOf(wanted.architecture) && sameVariant
}

/** The variant that is meant where none is named. */
const usualVariants: Readonly<Record<string, string>> = { amd64: 'v1', arm: 'v7', arm64: 'v8' }

/** As images are marked: the variant of arm is said, that of arm64 isn't (containerd/platforms, normalised). */
export function normalPlatform({ os, architecture, variant }: Platform): Platform {
  if (architecture === 'arm') return { os, architecture, variant: variant || 'v7' }
  return !variant || variant === usualVariants[architecture] ? { os, architecture } : { os, architecture, variant }
}

/** The entry of an index that fits `wanted` best: its variant, else none, else any; attestations (`unknown/unknown`) never. */
export function choosePlatform(manifests: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const fitting = manifests.filter(
    ({ platform }) => platform?.os === wanted.os && architectureOf(platform.architecture) === wanted.architecture,
  )
  const variant = wanted.variant ?? usualVariants[wanted.architecture]
  return (
    fitting.find(({ platform }) => platform?.variant === variant) ??
    fitting.find(({ platform }) => platform?.variant === undefined) ??
    (wanted.variant === undefined ? fitting[0] : undefined)
  )
}
