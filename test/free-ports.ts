import { createServer, type ListenOptions, type Server } from 'node:net'

/** Below those that the kernel gives to outgoing connections, in rows that one test process has at a time. */
const range = { first: 10_000, rows: 220, row: 100 } as const

/** Held until the process ends, whoever ends it: the kernel knows a name among Linux's abstract sockets once. */
const held: Server[] = []

/**
 * The first of some ports of this machine that follow each other, which nobody listens on and no other test takes, whoever runs it
 * beside this one. Throws when there are none.
 */
export async function freePorts(count = 1): Promise<number> {
  const rows = Math.ceil(count / range.row)
  const start = process.pid % range.rows
  for (let tries = 0; tries < range.rows; tries++) {
    const row = (start + tries) % range.rows
    const first = range.first + row * range.row
    if (row + rows <= range.rows && (await haveRows(row, rows)) && (await areFree(first, count))) return first
  }
  throw new Error(`no ${count} ports in a row are free`)
}

async function haveRows(row: number, rows: number): Promise<boolean> {
  const taken: Server[] = []
  for (let each = row; each < row + rows; each++) {
    const server = await listening({ path: `\0galley-test-ports-${each}` })
    if (server === undefined) break
    taken.push(server)
  }
  if (taken.length === rows) held.push(...taken)
  else for (const server of taken) server.close()
  return taken.length === rows
}

async function areFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port++) {
    const server = await listening({ port, host: '::' })
    if (server === undefined) return false
    await new Promise((resolve) => server.close(resolve))
  }
  return true
}

/** Undefined where it can't be had. It keeps no process alive. */
function listening(place: ListenOptions): Promise<Server | undefined> {
  const server = createServer().unref().listen(place)
  return new Promise((resolve) => server.once('listening', () => resolve(server)).once('error', () => resolve(undefined)))
}
