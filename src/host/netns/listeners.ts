import { readFileSync } from 'node:fs'

/** A TCP socket that waits for connections. */
export interface Listener {
  /** As a person writes it: `127.0.0.1`, `0.0.0.0`, `::`. */
  readonly address: string
  readonly port: number
}

/** Who waits for TCP connections in the network namespace of a process; undefined when the process is gone. */
export function listenersOf(pid: number): Listener[] | undefined {
  try {
    return ['tcp', 'tcp6'].flatMap((table) => parseListeners(readFileSync(`/proc/${pid}/net/${table}`, 'utf8')))
  } catch {
    return undefined
  }
}

/** How many TCP connections from outside the namespace of a process its `ports` have; 0 when the process is gone. */
export function connectionsTo(pid: number, ports: readonly number[]): number {
  try {
    return ['tcp', 'tcp6'].reduce((sum, table) => sum + countConnections(readFileSync(`/proc/${pid}/net/${table}`, 'utf8'), ports), 0)
  } catch {
    return 0
  }
}

const state = { established: '01', opening: '03', listening: '0A' } as const

/** As `parseListeners`, of the connections that carry data, or are about to. */
export function countConnections(table: string, ports: readonly number[]): number {
  return rowsOf(table).filter(({ local, remote, is }) => {
    const carries = is === state.established || is === state.opening
    return carries && ports.includes(local.port) && !isLoopback(remote)
  }).length
}

/** Reads a table in the form of proc(5), /proc/net/tcp and tcp6. */
export function parseListeners(table: string): Listener[] {
  return rowsOf(table).flatMap(({ local, is }) => (is === state.listening ? [local] : []))
}

function rowsOf(table: string): { local: Listener; remote: Listener; is: string | undefined }[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(({ length }) => length > 3)
    .map((fields) => ({ local: end(fields[1]), remote: end(fields[2]), is: fields[3] }))
}

function end(text = ''): Listener {
  const [address = '', port = ''] = text.split(':')
  return { address: addressText(address), port: Number.parseInt(port, 16) }
}

/** Whether only the container itself can reach it. */
export function isLoopback({ address }: Listener): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.')
}

/** Words of four bytes in the machine's own order, which is little-endian wherever Galley runs. */
function addressText(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)),
  )
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.every((byte) => byte === 0)) return '::'
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return '::1'
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255) return `::ffff:${bytes.slice(12).join('.')}`
  return Array.from({ length: 8 }, (_, index) => (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16)).join(':')
}
