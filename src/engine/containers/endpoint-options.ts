import { GalleyError } from '#base/error.ts'

const prefix = 'com.docker.network.'
const nameOption = `${prefix}endpoint.ifname`
const sysctlsOption = `${prefix}endpoint.sysctls`

interface EndpointOptions {
  readonly interfaceName?: string
  /** Values by file below /proc/sys, in which IFNAME stands for the interface's name. */
  readonly sysctls?: Readonly<Record<string, string>>
}

/**
 * Reads what an endpoint's `DriverOpts` say to the bridge driver (moby, libnetwork/netlabel). Options that aren't Docker's own are for
 * other drivers, and only kept. Throws `invalid`, and `not implemented` for other options of Docker's.
 */
export function endpointOptions(options: Readonly<Record<string, string>>): EndpointOptions {
  const { [nameOption]: interfaceName, [sysctlsOption]: sysctls, ...rest } = options
  const unknown = Object.keys(rest).find((option) => option.startsWith(prefix))
  if (unknown !== undefined)
    throw new GalleyError('not implemented', `endpoint option ${unknown} is not implemented by Galley`, { subject: unknown })
  if (interfaceName !== undefined && !isInterfaceName(interfaceName))
    throw new GalleyError('invalid', `invalid interface name "${interfaceName}"`, { subject: nameOption })
  return { ...(interfaceName !== undefined && { interfaceName }), ...(sysctls !== undefined && { sysctls: sysctlsOf(sysctls) }) }
}

/** As the kernel wants it (`dev_valid_name`). */
function isInterfaceName(name: string): boolean {
  return /^[^\s/:]{1,15}$/.test(name) && name !== '.' && name !== '..'
}

/** `net.ipv4.conf.IFNAME.log_martians=1,…`: settings of the one interface, and of nothing else. Docker's command writes it in small letters. */
function sysctlsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((setting) => {
      const [, key = '', value = ''] = /^(net\.(?:ipv4|ipv6|mpls)\.[a-z0-9_]+\.ifname\.[a-z0-9_]+)=(.+)$/i.exec(setting) ?? []
      if (key === '')
        throw new GalleyError('invalid', `invalid endpoint sysctl setting "${setting}"`, {
          subject: sysctlsOption,
          advice: 'Write net.ipv4.conf.IFNAME.log_martians=1, say, with IFNAME for the interface.',
        })
      return [key.toLowerCase().replaceAll('.', '/').replace('/ifname/', '/IFNAME/'), value] as const
    }),
  )
}
