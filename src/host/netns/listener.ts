import { addressText } from '#base/ip-address.ts'

/** A TCP socket that waits for connections. */
export interface Listener {
  /** As a person writes it: `127.0.0.1`, `0.0.0.0`, `::`. */
  readonly address: string
  readonly port: number
}

/** Whether only the container itself can reach it. */
export function isLoopback({ address }: Listener): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.')
}

/** An address of four or sixteen bytes as text; those of IPv4 that a socket of IPv6 shows end as such (RFC 4291, 2.5.5.2). */
export function addressOf(bytes: Uint8Array): string {
  const isMapped = bytes.length === 16 && bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  return isMapped ? `::ffff:${addressText(bytes.subarray(12))}` : addressText(bytes)
}
