import { BlockList, isIP } from 'node:net'
import { GalleyError } from '#base/error.ts'
import { isObject, type JsonObject } from '#base/json.ts'

/** What the person configured about other registries (`registries.json`). */
export interface RegistrySettings {
  /** For a registry's domain, such as `docker.io`: the mirrors' addresses, asked in this order before the registry itself. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>
  /** `host`, `host:port`, addresses and networks (CIDR) whose certificates need not be valid and that may speak plain HTTP. */
  readonly insecure: readonly string[]
  /** For a `host` or `host:port`: a file with more certificate authorities. */
  readonly ca: ReadonlyMap<string, string>
}

/** Loopback is as safe as the machine itself; Docker trusts it likewise. */
const alwaysInsecure = ['127.0.0.0/8', '::1/128', 'localhost']

export const noSettings: RegistrySettings = { mirrors: new Map(), insecure: alwaysInsecure, ca: new Map() }

/** A place that speaks the OCI distribution protocol. */
export interface Endpoint {
  /** Address with a scheme and, for some mirrors, a path; without a slash at the end. */
  readonly url: string
  readonly insecure: boolean
  readonly mirror: boolean
}

/** Docker Hub answers under another name than its images carry. */
const hub = { domain: 'docker.io', host: 'registry-1.docker.io' } as const

/** The host that serves a domain's images. */
export function hostOf(domain: string): string {
  return domain === hub.domain ? hub.host : domain
}

/** Where images of `domain` are asked for, in order: its mirrors, then the registry. */
export function endpointsOf(settings: RegistrySettings, domain: string): readonly Endpoint[] {
  const mirrors = settings.mirrors.get(domain) ?? []
  return [...mirrors.map((url) => ({ url, insecure: isInsecure(settings, new URL(url).host), mirror: true })), originOf(settings, domain)]
}

/** The registry itself, which alone is pushed to. */
export function originOf(settings: RegistrySettings, domain: string): Endpoint {
  const host = hostOf(domain)
  return { url: `https://${host}`, insecure: isInsecure(settings, host), mirror: false }
}

/** Whether a `host` or `host:port` may be used without a valid certificate. Names are compared, not looked up. */
export function isInsecure({ insecure }: RegistrySettings, host: string): boolean {
  const bare = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return insecure.some((entry) => entry === host || entry === bare || contains(entry, bare))
}

function contains(network: string, address: string): boolean {
  const [base = '', bits] = network.split('/')
  const [family, own] = [isIP(address), isIP(base)]
  if (bits === undefined || family === 0 || family !== own) return false
  const list = new BlockList()
  list.addSubnet(base, Number(bits), own === 4 ? 'ipv4' : 'ipv6')
  return list.check(address, own === 4 ? 'ipv4' : 'ipv6')
}

/** Reads `registries.json`. Throws `invalid` and names the field. */
export function parseSettings(text: string): RegistrySettings {
  const json = objectOf(parseJson(text), 'the file')
  for (const name of Object.keys(json)) if (!['mirrors', 'insecure', 'ca'].includes(name)) throw invalid(`${name} is not known`)
  const insecure = textsOf(json['insecure'] ?? [], 'insecure')
  for (const entry of insecure) checkInsecure(entry)
  const mirrors = Object.entries(objectOf(json['mirrors'] ?? {}, 'mirrors'))
  const ca = Object.entries(objectOf(json['ca'] ?? {}, 'ca'))
  return {
    mirrors: new Map(mirrors.map(([domain, list]) => [domain, textsOf(list, `mirrors.${domain}`).map(mirrorOf)])),
    insecure: [...alwaysInsecure, ...insecure],
    ca: new Map(ca.map(([host, path]) => [host, textsOf([path], `ca.${host}`)[0] ?? ''])),
  }
}

/** Without a scheme, a mirror is asked over TLS. */
function mirrorOf(text: string): string {
  const address = /^https?:\/\//.test(text) ? text : `https://${text}`
  if (!URL.canParse(address)) throw invalid(`mirror ${text} is not an address`)
  const { username, search, hash, origin, pathname } = new URL(address)
  if (username !== '' || search !== '' || hash !== '') throw invalid(`mirror ${text} may have a host, a port and a path only`)
  return origin + pathname.replace(/\/+$/, '')
}

function checkInsecure(entry: string): void {
  const [base = '', bits, more] = entry.split('/')
  const most = isIP(base) === 6 ? 128 : 32
  const network = bits !== undefined && isIP(base) !== 0 && /^\d+$/.test(bits) && Number(bits) <= most && more === undefined
  if (!network && (bits !== undefined || base === '')) throw invalid(`insecure entry ${entry} is neither a host nor a network`)
}

function textsOf(value: unknown, what: string): readonly string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value as string[]
  throw invalid(`${what} is not text`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw invalid((cause as Error).message)
  }
}

function objectOf(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value
  throw invalid(`${what} is not an object`)
}

function invalid(why: string): GalleyError {
  return new GalleyError('invalid', `invalid registry configuration: ${why}`, {
    code: 'registries.invalid',
    advice:
      '{"mirrors": {"docker.io": ["https://mirror.example"]}, "insecure": ["registry.local:5000"], "ca": {"registry.local:5000": "/path/ca.pem"}}',
  })
}
