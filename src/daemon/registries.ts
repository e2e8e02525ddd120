import { existsSync, readFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { Registries } from '#content/remote/registries.ts'
import { noSettings, parseSettings } from '#content/remote/settings.ts'
import { Transport, type ProxySettings } from '#content/remote/transport.ts'

/**
 * Other registries as `<data>/registries.json`, the certificates in `<data>/certs.d/<host>/` and the environment say: proxies, and a
 * file with the machine's certificate authorities (`SSL_CERT_FILE`). Throws `invalid`.
 */
export function openRegistries(data: string, clock: Clock): Registries {
  const file = `${data}/registries.json`
  return new Registries({
    settings: existsSync(file) ? parseSettings(readFileSync(file, 'utf8')) : noSettings,
    certificates: `${data}/certs.d`,
    bundle: process.env['SSL_CERT_FILE'],
    proxy: proxySettings(),
    clock,
  })
}

/** Connections to any other server, with the same authorities and proxies. */
export function openTransport(data: string, clock: Clock): Transport {
  const trust = { directory: `${data}/certs.d`, bundle: process.env['SSL_CERT_FILE'], ca: new Map<string, string>() }
  return new Transport(clock, trust, proxySettings())
}

function proxySettings(): ProxySettings {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const
  const found = names.map((name) => [name, process.env[name] ?? process.env[name.toLowerCase()] ?? ''] as const)
  return Object.fromEntries(found.filter(([, value]) => value !== ''))
}
