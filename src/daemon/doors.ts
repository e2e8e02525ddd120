import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { systemClock } from '#base/clock.ts'
import { http, https } from '#base/http.ts'
import { GalleyError, reasonOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import { serveDocker } from '#faces/docker/server.ts'
import type { Routes } from '#faces/docker/route.ts'
import { claimAgain } from './claim.ts'
import type { Config } from './config.ts'
import type { KeptListeners } from './kept-listeners.ts'
import { openSocket } from './socket-door.ts'
import type { TcpDoor } from './tcp-door.ts'

/** Milliseconds. Bodies and answers take as long as they take; without a word on the headers, Node would wait for those forever too. */
const patience = { keepAliveTimeout: 60_000, requestTimeout: 0, headersTimeout: 60_000 } as const

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
  const make = (): Server => serve(http.createServer(patience), inside)
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
  const tls = {
    ca: read(ca),
    cert: read(certificate),
    key: read(key),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  } as const
  // A client that ends its input still reads output: half of the connection stays open.
  const server = serve(https().createServer({ ...patience, ...tls, ...({ allowHalfOpen: true } as object) }), inside)
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

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new GalleyError('invalid', `${path} cannot be read: ${reasonOf(cause)}`, { cause, subject: path })
  }
}

function closing(server: Server): () => void {
  return () => {
    server.closeAllConnections()
    server.close()
  }
}
