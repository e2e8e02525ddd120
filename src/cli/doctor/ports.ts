import { createServer } from 'node:net'
import { ok, warning, type Finding } from './finding.ts'

/** What examples and tutorials publish most: web, databases, caches. */
const usual = [80, 443, 3306, 5432, 6379, 8080] as const

/** Which of the ports that are published most are taken, by a program or by a container. */
export async function ports(): Promise<Finding[]> {
  const states = await Promise.all(usual.map(async (port) => ({ port, free: await isFree(port) })))
  const taken = states.filter(({ free }) => !free)
  return taken.length === 0
    ? [ok(`the ports ${usual.join(', ')} are free`)]
    : taken.map(({ port }) =>
        warning(`port ${port} is taken`, `galley why :${port} tells by whom; -p ${port + 1}:${port} publishes on another`),
      )
}

/** Found out by listening for a moment. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'))
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
