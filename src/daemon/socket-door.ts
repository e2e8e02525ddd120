import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, watch, type FSWatcher } from 'node:fs'
import type { Server } from 'node:http'
import { dirname } from 'node:path'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isPassing } from '#keeper/passing.ts'
import type { KeptListeners } from './kept-listeners.ts'

/** Milliseconds until it is tried again to make a socket for which there was no room. */
const pause = 1000

interface Door {
  readonly path: string
  /** A server with all that answers behind it, which does not listen yet. */
  readonly make: () => Server
  readonly listeners: Pick<KeptListeners, 'listen'>
  readonly log: Log
  readonly clock: Clock
  /** Called when it was deleted, before it is made anew. */
  readonly onDeleted?: () => void
}

/**
 * Opens the local socket: the one that a daemon before left, or another in its place, at whose end clients know that one is to come. When
 * somebody deletes it, or what it lies in, it is made anew: nobody could come in otherwise.
 */
export async function openSocket(door: Door): Promise<Disposable> {
  const socket = new SocketDoor(door)
  await socket.listen()
  return socket
}

class SocketDoor implements Disposable {
  readonly #door: Door
  readonly #servers = new Set<Server>()
  #watcher: FSWatcher | undefined
  #isOpening = false
  #isClosed = false

  constructor(door: Door) {
    this.#door = door
  }

  async listen(): Promise<void> {
    const { path, make, listeners } = this.#door
    const server = make()
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    await listeners.listen('socket', { server, address: () => identityOf(path), open: () => open(server, path) })
    // The directory may be another one than before.
    this.#watcher?.close()
    this.#watcher = watch(dirname(path), () => this.#look()).on('error', () => undefined)
    this.#look()
  }

  #look(): void {
    const { path, log } = this.#door
    if (this.#isClosed || this.#isOpening || existsSync(path)) return
    this.#isOpening = true
    log.warn('the socket was deleted and is made anew', { socket: path })
    // Those who are in stay.
    for (const server of this.#servers) server.close()
    void this.#reopen().finally(() => {
      this.#isOpening = false
      this.#look()
    })
  }

  async #reopen(): Promise<void> {
    const { path, log, clock, onDeleted } = this.#door
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
      onDeleted?.()
      await this.listen()
    } catch (error) {
      if (isPassing(error)) {
        log.warn('the socket can not be made anew yet', { socket: path, error: String(error) })
        return await sleep(clock, pause)
      }
      // Not tried again: what is in the way stays in the way.
      this.#isClosed = true
      log.error('the socket can not be made anew; galley daemon stop, then start', { socket: path, error: String(error) })
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#watcher?.close()
    for (const server of this.#servers) {
      server.closeAllConnections()
      server.close()
    }
    rmSync(this.#door.path, { force: true })
  }
}

/** It takes its place when it may be used: at no moment is there none, nor one that is open to others. */
async function open(server: Server, path: string): Promise<void> {
  const aside = `${path}~`
  rmSync(aside, { force: true })
  server.listen(aside)
  await once(server, 'listening')
  protect(aside)
  renameSync(aside, path)
}

/** Another one may have been made at the same path meanwhile, on a disk with the same number. */
function identityOf(path: string): string | undefined {
  const file = statSync(path, { throwIfNoEntry: false })
  return file === undefined ? undefined : `${path} ${file.dev}:${file.ino} ${file.birthtimeMs}`
}

/** Root and the group `galley`, which equals root, may use the socket. */
function protect(socket: string): void {
  chmodSync(socket, 0o660)
  const gid = /^galley:[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1]
  if (gid !== undefined) chownSync(socket, 0, Number(gid))
}
