import { readFileSync } from 'node:fs'
import { insideNetworkNamespace } from './inside.ts'
import { addressOf, isLoopback, type Listener } from './listener.ts'
import { listeningHere } from './socket-diag.ts'

/** Who waits for TCP connections in the network namespace of a process; undefined when the process is gone. */
export function listenersOf(pid: number): Listener[] | undefined {
  try {
    return insideNetworkNamespace(`/proc/${pid}/ns/net`, listeningHere)
  } catch {
    return listedFor(pid)
  }
}

/** As the kernel lists them, where it can't be asked. */
function listedFor(pid: number): Listener[] | undefined {
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
function countConnections(table: string, ports: readonly number[]): number {
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
  return { address: addressOf(bytesOf(address)), port: Number.parseInt(port, 16) }
}

/** Words of four bytes in the machine's own order, which is little-endian wherever Galley runs. */
function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex').swap32()
}
