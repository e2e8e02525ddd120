import { GalleyError } from '#base/error.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/** What a container learns about another one that it is linked to (`--link`, the way before networks had names). */
export interface Link {
  readonly address: string
  /** Names that /etc/hosts gives the address. */
  readonly names: readonly string[]
  /** Variables such as `DB_PORT_5432_TCP_ADDR`. */
  readonly env: readonly string[]
}

/** `name[:alias]`. Throws `invalid`. */
export function parseLink(text: string): { readonly name: string; readonly alias: string } {
  const [name = '', alias = name, ...rest] = text.split(':')
  if (name === '' || alias === '' || rest.length > 0) throw new GalleyError('invalid', `bad format for links: ${text}`, { subject: text })
  return { name: name.replace(/^\//, ''), alias: alias.replace(/^.*\//, '') }
}

/** A network on which a link is only another name, which the other container may get later. */
export function isUserDefined(networkMode: string): boolean {
  return !['', 'default', 'bridge', 'host', 'none'].includes(networkMode) && !networkMode.startsWith('container:')
}

/** Reads the links of a starting container on the default bridge; on other networks its resolver knows them. Throws `conflict` when one of the others doesn't run. */
export function resolveLinks(engine: Engine, container: Container): Link[] {
  const { NetworkMode, Links } = container.hostConfig
  if (!['', 'default', 'bridge'].includes(NetworkMode)) return []
  return Links.map((text) => {
    const { name, alias } = parseLink(text)
    const other = holderOf(engine, engine.containers.get(name))
    if (other.state.status !== 'running')
      throw new GalleyError('conflict', `Cannot link to a non running container: /${other.name} AS /${container.name}/${alias}`)
    const address = other.addresses.find(({ networkName }) => networkName === 'bridge')?.ipAddress
    if (address === undefined)
      throw new GalleyError('conflict', `Cannot link to /${other.name}, as it does not belong to the default network`)
    return {
      address,
      names: [...new Set([alias, other.config.Hostname, other.name])],
      env: environmentOf({ container, other, alias, address }),
    }
  })
}

/** The container whose network another one is on (`--network container:NAME`). */
export function holderOf(engine: Engine, container: Container): Container {
  const [, id] = /^container:(.*)$/.exec(container.hostConfig.NetworkMode) ?? []
  return id === undefined ? container : holderOf(engine, engine.containers.get(id))
}

function environmentOf(link: { container: Container; other: Container; alias: string; address: string }): string[] {
  const { container, other, alias, address } = link
  const prefix = alias.toUpperCase().replaceAll('-', '_')
  const ports = Object.keys(other.config.ExposedPorts)
    .map((text) => ({ port: text.split('/')[0] ?? '', protocol: text.split('/')[1] ?? 'tcp' }))
    .toSorted((a, b) => Number(a.port) - Number(b.port))
  const [first] = ports
  return [
    ...(first === undefined ? [] : [`${prefix}_PORT=${first.protocol}://${address}:${first.port}`]),
    `${prefix}_NAME=/${container.name}/${alias}`,
    ...ports.flatMap(({ port, protocol }) => {
      const one = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
      return [`${one}=${protocol}://${address}:${port}`, `${one}_ADDR=${address}`, `${one}_PORT=${port}`, `${one}_PROTO=${protocol}`]
    }),
    ...other.config.Env.filter((entry) => !/^(HOME|PATH|HOSTNAME)=/.test(entry)).map((entry) => `${prefix}_ENV_${entry}`),
  ]
}
