import { once } from 'node:events'
import type { Server } from 'node:http'
import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { serveDocker } from '#faces/docker/server.ts'
import type { Routes } from '#faces/docker/route.ts'
import { claimAgain } from './claim.ts'
import type { Config } from './config.ts'
import { plainServer, readPem, tlsServer } from './http-servers.ts'
import type { KeptListeners } from './kept-listeners.ts'
import { openSocket } from './socket-door.ts'
import type { TcpDoor } from './tcp-door.ts'

/** What is behind the doors. */
interface Inside {
  readonly routes: Routes
  readonly listeners: KeptListeners
  readonly log: Log
  /** Called for each request, as it comes. */
  readonly onRequest: () => void
}

/** Opens what clients come in by: the local socket, and a TCP port when one is configured. Disposing closes them. */
export async function openDoors(config: Config, inside: Inside): Promise<AsyncDisposable> {
  await using doors = new AsyncDisposableStack()
  const make = (): Server => serve(plainServer(), inside)
  const onDeleted = (): void => {
    if (claimAgain(config.run))
      inside.log.error('what was in the run directory was deleted: containers run on, but can not be started or entered', {
        run: config.run,
        advice: 'galley daemon stop, then galley daemon start, which ends them and starts those anew that are to run',
      })
  }
  doors.use(await openSocket({ path: config.socket, make, listeners: inside.listeners, log: inside.log, clock: systemClock, onDeleted }))
  if (config.tcp !== undefined) doors.defer(closing(await openTcp(config.tcp, inside)))
  return doors.move()
}

/**
 * The engine is as powerful as root: on TCP only a client with a certificate of the given authority gets as far as a request
 * (TLS 1.2 and newer, both sides authenticated).
 */
async function openTcp({ host, port, ca, certificate, key }: TcpDoor, inside: Inside): Promise<Server> {
  // A client that ends its input still reads output: half of the connection stays open.
  const open = { allowHalfOpen: true } as object
  const secured = tlsServer({ certificate, key }, { ca: readPem(ca), requestCert: true, rejectUnauthorized: true, ...open })
  const server = serve(secured, inside)
  await inside.listeners.listen('tcp', {
    server,
    address: () => `${host}:${port}`,
    open: async () => void (await once(server.listen(port, host), 'listening')),
  })
  inside.log.info('listening with mutual TLS', { host, port })
  return server
}

function serve<S extends Server>(server: S, { routes, log, onRequest }: Inside): S {
  server.on('request', onRequest).on('upgrade', onRequest)
  return serveDocker(server, routes, log)
}

function closing(server: Server): () => void {
  return () => {
    server.closeAllConnections()
    server.close()
  }
}
