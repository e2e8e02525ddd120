import { BlockList, isIP } from 'node:net'
import { GalleyError } from '#base/error.ts'
import type { Anonymous } from './access/rights.ts'

/** How the registry is served; kept in the store, so that it is served again after a restart. */
export interface RegistrySettings {
  readonly host: string
  readonly port: number
  /** Further names by which clients call it: `registry.example` or `registry.example:5000`. */
  readonly names: readonly string[]
  /** Paths of PEM files. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  readonly anonymous: Anonymous
  readonly readOnly: boolean
  /** Registries that are mirrored, by the domain that begins their repositories' names here, such as `docker.io`. */
  readonly mirrors: readonly string[]
}

export const usualPort = 5000

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  const family = isIP(host)
  return host === 'localhost' || (family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6'))
}

/** Reads `ADDRESS:PORT`. Throws `invalid`. */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(\[[0-9a-fA-F:]+\]|[^:[\]]*):(\d{1,5})$/.exec(text) ?? []
  if (port === '' || Number(port) > 65_535 || Number(port) === 0)
    throw new GalleyError('invalid', `${text} is not ADDRESS:PORT`, { code: 'registry.listen', subject: text })
  return { host: host.replace(/^\[(.*)\]$/, '$1') || '0.0.0.0', port: Number(port) }
}

/** Loopback may be in the clear; any other address needs TLS, and nobody pushes there without a password. Throws `invalid`. */
export function checkSettings(settings: RegistrySettings): void {
  const { host, port, tls, anonymous, names, mirrors } = settings
  const subject = addressOf(host, port)
  if (!isLoopback(host) && tls === undefined)
    throw new GalleyError('invalid', `a registry at ${subject} can be reached from elsewhere and needs --tlscert and --tlskey`, {
      code: 'registry.tls',
      subject,
      advice: 'docs/registry.md makes a certificate with openssl; 127.0.0.1 needs none.',
    })
  if (!isLoopback(host) && anonymous === 'push')
    throw new GalleyError('invalid', `a registry at ${subject} can be reached from elsewhere: nobody may push there without a password`, {
      code: 'registry.anonymous',
      subject,
      advice: 'galley registry user add NAME gives somebody one; --anonymous pull lets all others read.',
    })
  for (const name of [...names, ...mirrors])
    if (!/^[a-zA-Z0-9.-]+(?::\d{1,5})?$/.test(name)) throw new GalleyError('invalid', `${name} is not HOST or HOST:PORT`, { subject: name })
}

/** By which names images of this registry are called, the usual one first: `localhost:5000`. */
export function domainsOf({ host, port, names, tls }: RegistrySettings): readonly string[] {
  const local = isLoopback(host) || ['0.0.0.0', '::'].includes(host)
  const own = local ? ['localhost', '127.0.0.1'].map((name) => addressOf(name, port)) : [addressOf(host, port)]
  const given = names.flatMap((name) => (/:\d+$/.test(name) ? [name] : [`${name}:${port}`, ...(port === (tls ? 443 : 80) ? [name] : [])]))
  return [...own, ...(['::1', '::'].includes(host) ? [addressOf('::1', port)] : []), ...given]
}

/**
 * Whether a client that says `Host: …` may mean this registry. With TLS the certificate tells; in the clear on loopback, only names for
 * loopback and those that were given count, at any port, as tunnels have their own.
 */
export function isOwnHost({ tls, names }: RegistrySettings, header: string): boolean {
  const bare = header.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return tls !== undefined || isLoopback(bare) || names.some((name) => name === header || name.replace(/:\d+$/, '') === bare)
}

export function addressOf(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}
