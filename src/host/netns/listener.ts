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

/** An address of four or sixteen bytes as text. */
export function addressOf(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.every((byte) => byte === 0)) return '::'
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return '::1'
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255) return `::ffff:${bytes.slice(12).join('.')}`
  return Array.from({ length: 8 }, (_, index) => (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16)).join(':')
}
