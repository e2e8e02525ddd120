import { readFileSync, writeFileSync } from 'node:fs'
import type { Link } from './links.ts'
import type { Container, Endpoint } from './model.ts'

const standardHosts = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
]

/** Writes the `hosts`, `hostname` and `resolv.conf` that a container sees under /etc. */
export function writeNetworkFiles(directory: string, container: Container, endpoints: readonly Endpoint[], links: readonly Link[]): void {
  const { config, hostConfig } = container
  const gateway = endpoints[0]?.gateway ?? '127.0.0.1'
  const extra = hostConfig.ExtraHosts.map((entry) => {
    const [name = '', ...address] = entry.split(/[:=]/)
    const text = address.join(':')
    return `${text === 'host-gateway' ? gateway : text}\t${name}`
  })
  const linked = links.map(({ address, names }) => `${address}\t${names.join(' ')}`)
  const fullName = config.Domainname === '' ? config.Hostname : `${config.Hostname}.${config.Domainname} ${config.Hostname}`
  const own = endpoints.map(({ ipAddress }) => `${ipAddress}\t${fullName}`)
  writeFileSync(`${directory}/hosts`, `${[...standardHosts, ...extra, ...linked, ...own].join('\n')}\n`)
  writeFileSync(`${directory}/hostname`, `${config.Hostname}\n`)
  writeFileSync(`${directory}/resolv.conf`, resolvConf(container))
}

/** The host's resolver settings, without the loopback servers that a container cannot reach, under the given ones. */
function resolvConf({ hostConfig: { Dns, DnsSearch, DnsOptions } }: Container): string {
  const lines = hostLines().filter((line) => !/^nameserver\s+(127\.|::1)/.test(line))
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
