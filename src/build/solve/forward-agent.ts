import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname, basename } from 'node:path'
import { pipeline } from 'node:stream'
import type { AgentOpener } from '../request.ts'

/** Answers at a socket with what the client's agent says, a connection of its own for each, until it is disposed. */
export async function forwardAgent(path: string, open: AgentOpener): Promise<Disposable> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    connect(socket, open).catch(() => socket.destroy())
  })
  // An address has 108 bytes at the most: the way through an open directory is always shorter.
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await once(server.listen(`/proc/self/fd/${directory}/${basename(path)}`), 'listening')
  } finally {
    closeSync(directory)
  }
  return {
    [Symbol.dispose]: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function connect(socket: Socket, open: AgentOpener): Promise<void> {
  const agent = await open()
  // Either side's end or failure ends the other.
  pipeline(socket, agent, () => undefined)
  pipeline(agent, socket, () => undefined)
}
