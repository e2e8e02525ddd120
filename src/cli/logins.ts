import { existsSync, readFileSync } from 'node:fs'

interface Logins {
  readonly [address: string]: { readonly auth?: string }
}

interface DockerConfig {
  readonly auths?: Logins
  readonly proxies?: Readonly<Record<string, Readonly<Record<string, string>>>>
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
  return dockerConfig().auths ?? {}
}

/** Docker's configuration file, as far as it is read here (docker CLI, config.json). */
export function dockerConfig(): DockerConfig {
  const path = `${process.env['DOCKER_CONFIG'] ?? `${process.env['HOME'] ?? '/root'}/.docker`}/config.json`
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as DockerConfig) : {}
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
