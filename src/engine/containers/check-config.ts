import { isIP } from 'node:net'
import { GalleyError } from '#base/error.ts'
import type { ContainerConfig, HostConfig } from './model.ts'
import { portsOf } from './ports.ts'

/**
 * Checks what would make every start fail, or what no start could carry out. Throws `invalid`, worded as Docker words it, as clients
 * match on it, and `not implemented` (ports of other protocols than TCP and UDP).
 */
export function checkConfig(config: ContainerConfig, hostConfig: HostConfig): void {
  const { WorkingDir: directory, Env } = config
  if (directory !== '' && !directory.startsWith('/'))
    throw new GalleyError('invalid', `the working directory '${directory}' is invalid, it needs to be an absolute path`, {
      subject: directory,
    })
  for (const entry of Env)
    if (entry === '' || entry.startsWith('='))
      throw new GalleyError('invalid', `invalid environment variable: ${entry}`, { subject: entry })
  for (const entry of hostConfig.ExtraHosts) checkHost(entry)
  portsOf({ config, hostConfig })
}

/** `name:address`, or with `=`. */
function checkHost(entry: string): void {
  const { name, address } = /^(?<name>[^:=]+)[:=](?<address>.*)$/s.exec(entry)?.groups ?? {}
  if (name === undefined || address === undefined)
    throw new GalleyError('invalid', `bad format for add-host: "${entry}"`, { subject: entry })
  if (address !== 'host-gateway' && isIP(address) === 0)
    throw new GalleyError('invalid', `invalid IP address in add-host: "${address}"`, { subject: entry })
}
