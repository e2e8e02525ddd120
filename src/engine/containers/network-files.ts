import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Engine } from './engine.ts'
import type { Link } from './links.ts'
import type { Container } from './model.ts'

const standardHosts = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
]

/** Writes the `hosts`, `hostname` and `resolv.conf` that a container sees under /etc; returns their directory, another container's when it shares its network. */
export function writeNetworkFiles(engine: Engine, container: Container, links: readonly Link[]): string {
  const mode = container.hostConfig.NetworkMode
  if (mode.startsWith('container:')) return directoryOf(engine, mode.slice('container:'.length))
  write(engine, container, links)
  return directoryOf(engine, container.id)
}

function write(engine: Engine, container: Container, links: readonly Link[]): void {
  const directory = directoryOf(engine, container.id)
  const onHost = container.hostConfig.NetworkMode === 'host'
  if (onHost && existsSync('/etc/hosts')) {
    copyFileSync('/etc/hosts', `${directory}/hosts`)
    const extra = extraHosts(container)
    if (extra.length > 0) writeFileSync(`${directory}/hosts`, `${extra.join('\n')}\n`, { flag: 'a' })
  } else writeHosts(engine, container, links)
  writeFileSync(`${directory}/hostname`, `${onHost ? hostname() : container.config.Hostname}\n`)
  writeFileSync(`${directory}/resolv.conf`, resolvConf(container))
}

/** Writes `hosts` alone: the container's addresses have changed. The file stays the same one, as it is mounted. */
export function writeHosts(engine: Engine, container: Container, links: readonly Link[]): void {
  const { Hostname, Domainname } = container.config
  const names = Domainname === '' ? Hostname : `${Hostname}.${Domainname} ${Hostname}`
  const linked = links.map((link) => `${link.address}\t${link.names.join(' ')}`)
  const own = container.addresses.map(({ ipAddress }) => `${ipAddress}\t${names}`)
  const lines = [...standardHosts, ...extraHosts(container), ...linked, ...own]
  writeFileSync(`${directoryOf(engine, container.id)}/hosts`, `${lines.join('\n')}\n`)
}

function directoryOf(engine: Engine, id: string): string {
  return `${engine.data}/containers/${id}`
}

/** `--add-host`; `host-gateway` is the host as the container reaches it. */
function extraHosts({ hostConfig, addresses }: Container): string[] {
  const gateway = addresses.find((endpoint) => endpoint.gateway !== '')?.gateway ?? '127.0.0.1'
  return hostConfig.ExtraHosts.map((entry) => {
    const [name = '', ...address] = entry.split(/[:=]/)
    const text = address.join(':')
    return `${text === 'host-gateway' ? gateway : text}\t${name}`
  })
}

/** The host's resolver settings, without the loopback servers that a container cannot reach, under the given ones. */
function resolvConf({ hostConfig: { Dns, DnsSearch, DnsOptions, NetworkMode } }: Container): string {
  const lines = hostLines().filter((line) => NetworkMode === 'host' || !/^nameserver\s+(127\.|::1)/.test(line))
  const keep = (word: string, given: readonly string[]): string[] => (given.length > 0 ? [] : lines.filter((line) => line.startsWith(word)))
  const result = [
    ...keep('nameserver', Dns),
    ...Dns.map((server) => `nameserver ${server}`),
    ...keep('search', DnsSearch),
    ...(DnsSearch.length > 0 ? [`search ${DnsSearch.join(' ')}`] : []),
    ...keep('options', DnsOptions),
    ...(DnsOptions.length > 0 ? [`options ${DnsOptions.join(' ')}`] : []),
  ]
  return `${result.join('\n')}\n`
}

function hostLines(): string[] {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8').split('\n')
  } catch {
    return []
  }
}
