import { existsSync, readFileSync } from 'node:fs'
import type { Subnet } from './address.ts'

/** Subnets that the host has routes to, of both families; default routes are none. */
export function routedSubnets(): Subnet[] {
  const [ipv4, ipv6] = ['/proc/thread-self/net/route', '/proc/thread-self/net/ipv6_route'].map((path) =>
    existsSync(path) ? readFileSync(path, 'utf8') : '',
  )
  return [...parseRoutes(ipv4 ?? ''), ...parseIPv6Routes(ipv6 ?? '')]
}

/** proc_pid_net(5), route: after a line of heads, little-endian hexadecimal words. */
export function parseRoutes(table: string): Subnet[] {
  const rows = table.trim().split('\n').slice(1)
  return rows.flatMap((row) => {
    const [, destination = '', , , , , , mask = ''] = row.split('\t')
    const prefixLength = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length
    return prefixLength === 0 ? [] : [{ bits: 32, base: BigInt(Buffer.from(destination, 'hex').readUInt32LE()), prefixLength }]
  })
}

/** As `parseRoutes`, of ipv6_route: destination and its prefix length in hexadecimal digits. */
export function parseIPv6Routes(table: string): Subnet[] {
  const rows = table.trim().split('\n')
  return rows.flatMap((row) => {
    const [destination = '', length = '0'] = row.split(' ')
    const prefixLength = Number.parseInt(length, 16)
    return prefixLength === 0 ? [] : [{ bits: 128, base: BigInt(`0x${destination}`), prefixLength }]
  })
}
