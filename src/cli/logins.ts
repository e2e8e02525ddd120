import { existsSync, readFileSync } from 'node:fs'

interface Logins {
  readonly [address: string]: { readonly auth?: string }
}

/** What `docker login` has kept in its file, for the daemon to pull with; what a credential helper keeps is not read. */
export function loginHeaders(): Record<string, string> {
  const logins = storedLogins()
  return Object.keys(logins).length === 0 ? {} : { 'x-registry-config': encoded(logins) }
}

/** The same of one registry, for pushing. */
export function loginHeader(domain: string): Record<string, string> {
  const address = domain === 'docker.io' ? 'https://index.docker.io/v1/' : domain
  return { 'x-registry-auth': encoded(storedLogins()[address] ?? {}) }
}

function storedLogins(): Logins {
  const path = `${process.env['DOCKER_CONFIG'] ?? `${process.env['HOME'] ?? '/root'}/.docker`}/config.json`
  if (!existsSync(path)) return {}
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly auths?: Logins }).auths ?? {}
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
