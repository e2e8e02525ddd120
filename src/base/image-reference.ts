import { isDigest, type Digest } from './digest.ts'
import { GalleyError } from './error.ts'

/**
 * An image's name in full: `busybox` is `{domain: 'docker.io', path: 'library/busybox'}`. Grammar and messages are those of
 * distribution/reference, which every Docker client shares.
 */
export interface ImageReference {
  readonly domain: string
  readonly path: string
  readonly tag?: string
  readonly digest?: Digest
}

const defaultDomain = 'docker.io'
const legacyDomain = 'index.docker.io'
const officialPrefix = 'library/'

const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const tag = '[\\w][\\w.-]{0,127}'
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const full = new RegExp(`^(${domain})/(${component}(?:/${component})*)(?::(${tag}))?(?:@(${digest}))?$`)
const onlyTag = new RegExp(`^${tag}$`)

/** Longest text that is looked at: a path of 255, a domain name of 255, a tag and a digest. */
const longest = 1024

/**
 * Parses what a person types (`busybox`, `localhost:5000/a/b:1`, `x@sha256:…`). Adds the default domain and `library/`, but no
 * tag: see `withDefaultTag`. Throws `invalid` with Docker's wording.
 */
export function parseImageReference(text: string): ImageReference {
  if (/^[a-f0-9]{64}$/.test(text)) throw invalid(text, `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  if (text.length > longest) throw invalid(text, 'invalid reference format')
  const [host, remainder] = splitDomain(text)
  const name = remainder.split('@', 1)[0]?.split(':', 1)[0] ?? ''
  if (name !== name.toLowerCase()) throw invalid(text, `invalid reference format: repository name (${name}) must be lowercase`)
  const match = full.exec(`${host}/${remainder}`)
  if (match === null) throw invalid(text, 'invalid reference format')
  const [, matchedDomain = '', path = '', matchedTag, matchedDigest] = match
  if (path.length > 255) throw invalid(text, 'repository name must not be more than 255 characters')
  return {
    domain: matchedDomain,
    path,
    ...(matchedTag === undefined ? {} : { tag: matchedTag }),
    ...(matchedDigest === undefined ? {} : { digest: checkedDigest(text, matchedDigest) }),
  }
}

/** The reference with `:latest` when it names neither tag nor digest. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference
}

/** The same repository under another tag. Throws `invalid` for a bad tag. */
export function withTag(reference: ImageReference, newTag: string): ImageReference {
  if (!onlyTag.test(newTag)) throw invalid(newTag, 'invalid tag format')
  return { domain: reference.domain, path: reference.path, tag: newTag }
}

/** The same repository by content address. */
export function withDigest(reference: ImageReference, newDigest: Digest): ImageReference {
  return { domain: reference.domain, path: reference.path, digest: newDigest }
}

/** `docker.io/library/busybox:latest`: one text for each reference, fit for a key. */
export function canonicalReference(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`
}

/**
 * `busybox` for `docker.io/library/busybox`, `me/app` for `docker.io/me/app`, other domains in full. Unlike Docker's, the short
 * form always reads back as the same reference: `docker.io/a.b/c` keeps its domain.
 */
export function familiarName({ domain: host, path }: ImageReference): string {
  if (host !== defaultDomain || /^(?:[^/]*\.[^/]*|localhost)\//.test(path)) return `${host}/${path}`
  const short = path.slice(officialPrefix.length)
  return path.startsWith(officialPrefix) && !short.includes('/') ? short : path
}

/** `busybox:latest`, as clients show it. */
export function familiarReference(reference: ImageReference): string {
  return `${familiarName(reference)}${suffix(reference)}`
}

function suffix(reference: ImageReference): string {
  return `${reference.tag === undefined ? '' : `:${reference.tag}`}${reference.digest === undefined ? '' : `@${reference.digest}`}`
}

function splitDomain(text: string): [string, string] {
  const slash = text.indexOf('/')
  const first = text.slice(0, Math.max(slash, 0))
  const named = slash !== -1 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  const host = named ? (first === legacyDomain ? defaultDomain : first) : defaultDomain
  const remainder = named ? text.slice(slash + 1) : text
  return [host, host === defaultDomain && !remainder.includes('/') ? officialPrefix + remainder : remainder]
}

function checkedDigest(text: string, found: string): Digest {
  if (isDigest(found)) return found
  throw invalid(text, found.startsWith('sha256:') ? 'invalid checksum digest length' : 'unsupported digest algorithm')
}

function invalid(subject: string, message: string): GalleyError {
  return new GalleyError('invalid', message, { code: 'reference.invalid', subject })
}
