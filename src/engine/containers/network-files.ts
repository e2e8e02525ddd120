import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { wayOut } from '#engine/networks/endpoint.ts'
import { overwrite } from '#host/files/overwrite.ts'
import { listenAddress } from '#keeper/names/listen-address.ts'
import type { Engine } from './engine.ts'
import { holderOf, type Link } from './links.ts'
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
  const holder = holderOf(engine, container)
  if (holder === container) write(engine, container, links)
  return directoryOf(engine, holder.id)
}

function write(engine: Engine, container: Container, links: readonly Link[]): void {
  const directory = directoryOf(engine, container.id)
  const onHost = container.hostConfig.NetworkMode === 'host'
  if (onHost && existsSync('/etc/hosts')) {
    const extra = extraHosts(container).map((line) => `${line}\n`)
    overwrite(`${directory}/hosts`, readFileSync('/etc/hosts', 'utf8') + extra.join(''))
  } else writeHosts(engine, container, links)
  overwrite(`${directory}/hostname`, `${onHost ? hostname() : container.config.Hostname}\n`)
  overwrite(`${directory}/resolv.conf`, resolvConf(container))
}

function writeHosts(engine: Engine, container: Container, links: readonly Link[]): void {
  const { Hostname, Domainname } = container.config
  const whole = Domainname === '' ? Hostname : `${Hostname}.${Domainname}`
  // Before the dot is the host's name, wherever the client has put the rest.
  const names = whole.includes('.') ? `${whole} ${whole.split('.')[0]}` : whole
  const linked = links.map((link) => `${link.address}\t${link.names.join(' ')}`)
  const own = container.addresses.flatMap(({ ipAddress, ipv6 }) => [ipAddress, ipv6?.address ?? '']).filter((address) => address !== '')
  const lines = [...standardHosts, ...extraHosts(container), ...linked, ...own.map((address) => `${address}\t${names}`)]
  overwrite(`${directoryOf(engine, container.id)}/hosts`, `${lines.join('\n')}\n`)
}

function directoryOf(engine: Engine, id: string): string {
  return `${engine.data}/containers/${id}`
}

/** `--add-host`; `host-gateway` is the host as the container reaches it. */
function extraHosts({ hostConfig, addresses }: Container): string[] {
  const out = wayOut(addresses)
  const gateway = out?.gateway || out?.ipv6?.gateway || '127.0.0.1'
  return hostConfig.ExtraHosts.map((entry) => {
    const [name = '', ...address] = entry.split(/[:=]/)
    const text = address.join(':')
    return `${text === 'host-gateway' ? gateway : text}\t${name}`
  })
}

/**
 * Follows a change of a running container's networks in its files, which stay the same ones, as they are mounted. A `resolv.conf` that
 * the container has changed is its own affair.
 */
export function followNetworks(
  engine: Engine,
  container: Container,
  change: { readonly links: readonly Link[]; readonly resolver: string },
): void {
  writeHosts(engine, container, change.links)
  const path = `${directoryOf(engine, container.id)}/resolv.conf`
  if (readFileSync(path, 'utf8') === change.resolver) overwrite(path, resolvConf(container))
}

/**
 * The text of `resolv.conf`: on a network with names its own resolver, which forwards what it doesn't know; else the host's servers,
 * or those given (`--dns`).
 */
export function resolvConf({ hostConfig: { Dns, DnsSearch, DnsOptions, NetworkMode }, addresses }: Container): string {
  const named = addresses.some(({ networkName }) => networkName !== 'bridge')
  const lines = NetworkMode === 'host' ? linesOf('/etc/resolv.conf') : hostLines()
  const keep = (word: string, given: readonly string[]): string[] => (given.length > 0 ? [] : lines.filter((line) => line.startsWith(word)))
  const options = DnsOptions.length > 0 ? DnsOptions : keep('options', DnsOptions).flatMap((line) => line.split(/\s+/).slice(1))
  // Names without a dot are asked as they are first: they are what the network knows.
  const all = named && !options.some((option) => option.startsWith('ndots:')) ? [...options, 'ndots:0'] : options
  const result = [
    ...(named ? [`nameserver ${listenAddress.address}`] : [...keep('nameserver', Dns), ...Dns.map((server) => `nameserver ${server}`)]),
    ...keep('search', DnsSearch),
    // A lone dot asks for no search domains at all.
    ...(DnsSearch.some((domain) => domain !== '.') ? [`search ${DnsSearch.join(' ')}`] : []),
    ...(all.length > 0 ? [`options ${all.join(' ')}`] : []),
  ]
  return `${result.join('\n')}\n`
}

/** The host's settings without servers on its loopback, which a container can't reach; behind systemd-resolved, its servers. */
function hostLines(): string[] {
  const isReachable = (line: string): boolean => !/^nameserver\s+(127\.|::1)/.test(line)
  const lines = linesOf('/etc/resolv.conf')
  const reachable = lines.filter(isReachable)
  if (lines.length === reachable.length) return lines
  return reachable.some((line) => line.startsWith('nameserver'))
    ? reachable
    : linesOf('/run/systemd/resolve/resolv.conf').filter(isReachable)
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
