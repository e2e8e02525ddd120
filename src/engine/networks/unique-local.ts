import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

/**
 * The /48 of unique local addresses (RFC 4193) that an instance's IPv6 networks are cut from, a /64 each. Its 40 bits follow from the
 * machine and the instance, so that machines that are joined one day don't clash and networks get the same addresses again.
 */
export function uniqueLocalPool(instance: string): string {
  const machine = existsSync('/etc/machine-id') ? readFileSync('/etc/machine-id', 'utf8').trim() : ''
  const bits = createHash('sha256').update(`galley ${machine} ${instance}`).digest('hex')
  return `fd${bits.slice(0, 2)}:${bits.slice(2, 6)}:${bits.slice(6, 10)}::/48`
}
