import { isIP } from 'node:net'
import type { RegistrySettings } from '#content/remote/settings.ts'
import type { ProxySettings } from '#content/remote/transport.ts'

/** The fields of `GET /info` that say how other registries are reached. */
export function registryInfo({ settings, proxy }: { readonly settings: RegistrySettings; readonly proxy: ProxySettings }): object {
  const { mirrors, insecure } = settings
  const hosts = insecure.filter((entry) => !isNetwork(entry) && entry !== 'localhost')
  const names = new Set(['docker.io', ...mirrors.keys(), ...hosts])
  const configs = [...names].map((name) => [
    name,
    { Name: name, Mirrors: mirrors.get(name) ?? [], Secure: !hosts.includes(name), Official: name === 'docker.io' },
  ])
  return {
    RegistryConfig: {
      IndexConfigs: Object.fromEntries(configs) as object,
      InsecureRegistryCIDRs: insecure.filter(isNetwork),
      Mirrors: mirrors.get('docker.io') ?? null,
    },
    HttpProxy: withoutSecret(proxy.HTTP_PROXY),
    HttpsProxy: withoutSecret(proxy.HTTPS_PROXY),
    NoProxy: proxy.NO_PROXY ?? '',
  }
}

function isNetwork(entry: string): boolean {
  return isIP(entry.split('/')[0] ?? '') !== 0
}

/** Docker writes x's where a proxy's address has a name and a password. */
function withoutSecret(address: string | undefined): string {
  return (address ?? '').replace(/\/\/[^/@]*@/, '//xxxxx:xxxxx@')
}
