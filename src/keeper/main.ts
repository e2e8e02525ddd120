import { existsSync, ftruncateSync, mkdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { systemClock } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import { Rest } from '#base/rest.ts'
import { keepFromChildren, lockFile } from '#host/kernel/lock.ts'
import { giveBackMemory } from '#host/kernel/memory.ts'
import { AttachedClients } from './attached-clients.ts'
import { reapChildren } from './children.ts'
import { DaemonGuard } from './daemon-guard.ts'
import { HeldListeners } from './held-listeners.ts'
import { HeldProcesses } from './held-processes.ts'
import { logEnd } from './log-file.ts'
import { MemoryWatch } from './memory-watch.ts'
import { NameService } from './names/name-service.ts'
import { HeldPorts } from './ports/held-ports.ts'
import { takeUp } from './take-up.ts'
import {
  protocolVersion,
  type Answer,
  type AttachRequest,
  type KeeperEvent,
  type Numbered,
  type ProcessSpec,
  type Request,
} from './protocol.ts'

/**
 * The keeper: what must not stop when the daemon does. `main.ts RUN_DIRECTORY [LOCK]` listens on `RUN_DIRECTORY/keeper.sock`
 * and holds every process of one instance. LOCK is the descriptor of `keeper.pid` where that has been locked for it.
 */
const [run = '', lock] = process.argv.slice(2)
takeTurn()
const watchers = new Set<Socket>()
const clients = new AttachedClients(systemClock)
const guard = new DaemonGuard(systemClock)
const listeners = new HeldListeners(systemClock)
const names = new NameService(`${run}/names`, systemClock)
const ports = new HeldPorts(`${run}/ports`, systemClock)
/** Once what the daemon asked for is done. */
const rest = new Rest(systemClock, { quiet: 5000, apart: 20_000 }, giveBackMemory)
const memory = new MemoryWatch(systemClock, (id, peak) => tellAll({ type: 'oom', id, peak }))

const processes = new HeldProcesses({
  directory: `${run}/held`,
  clock: systemClock,
  memory,
  listener: {
    running: (id, pid) => tellAll({ type: 'running', id, pid }),
    exit(id, code, at) {
      memory.look(id)
      tellAll({ type: 'exit', id, code, at })
    },
  },
})

/** One keeper a run directory: what is held, and the socket, would be torn between two. `keeper.pid` names it. */
function takeTurn(): void {
  if (lock !== undefined) return keepFromChildren(Number(lock))
  const fd = lockFile(`${run}/keeper.pid`)
  if (fd === undefined) process.exit(0)
  ftruncateSync(fd)
  writeSync(fd, String(process.pid), 0)
}

/** False when what was in the run directory was deleted: no daemon can come back to this keeper, and what it holds would be in the way of another. */
function isOwnTurn(): boolean {
  try {
    return readFileSync(`${run}/keeper.pid`, 'utf8') === String(process.pid)
  } catch {
    return false
  }
}

function tellAll(event: KeeperEvent): void {
  rest.touch()
  for (const socket of watchers) tell(socket, event)
}

function tell(socket: Socket, message: KeeperEvent | Answer | Numbered<Answer>): void {
  socket.write(`${JSON.stringify(message)}\n`)
}

async function start(spec: ProcessSpec, after: number | undefined): Promise<Answer> {
  if (after !== undefined) await clients.arrival(after)
  return await processes.start(spec)
}

function watchAll(socket: Socket): void {
  watchers.add(socket)
  socket.on('close', () => {
    watchers.delete(socket)
    if (!isOwnTurn()) process.exit(0)
    // The daemon has gone, and with it the clients that it attached.
    if (watchers.size === 0) clients.endAll()
  })
  for (const one of processes.all()) {
    memory.report(one.id, (peak) => tell(socket, { type: 'oom', id: one.id, peak }))
    one.report({
      running: (id, pid) => tell(socket, { type: 'running', id, pid }),
      exit: (id, code, at) => tell(socket, { type: 'exit', id, code, at }),
      unused: () => undefined,
    })
  }
  tell(socket, { type: 'ready' })
}

/** All at once: no output may come between what is told to be logged and what the stream begins with. */
function attach({ id, key, stdin, stdout, stderr, log }: AttachRequest, socket: Socket): void {
  const one = processes.get(id)
  clients.add(key, socket)
  tell(socket, { ok: true, logged: log === undefined ? undefined : logEnd(log) })
  one.attach({ socket, stdout, stderr, afterLog: log !== undefined }, stdin)
  clients.come(key)
  socket.on('close', () => processes.dropIdle(one))
}

/** A client that can't be attached is told so by the end of its connection. */
function attachOrEnd(request: AttachRequest, socket: Socket): void {
  try {
    attach(request, socket)
  } catch (error) {
    process.stderr.write(`${request.id}: ${messageOf(error)}\n`)
    socket.destroy()
  }
}

async function answer(request: Request, socket: Socket): Promise<Answer> {
  rest.touch()
  switch (request.op) {
    case 'version':
      return { ok: true, version: protocolVersion }
    case 'start':
      return start(request.process, request.after)
    case 'prepare':
      processes.prepare(request.process)
      break
    case 'detach':
      clients.end(request.key)
      break
    case 'resize':
      processes.get(request.id).resize(request.rows, request.columns)
      break
    case 'forget':
      // A session that was prepared for this run of the container must not be taken for one of its next.
      for (const one of processes.all()) one.dropPrepared(request.id)
      processes.forget(request.id)
      break
    case 'names':
      names.tell(request.news)
      break
    case 'ports':
      await ports.hold(request.ports)
      break
    case 'port-holders':
      await ports.keepOnly(new Set(request.containers))
      break
    case 'guard':
      guard.guard(request.daemon, socket)
      break
    case 'hold-listener':
      if (request.listener === undefined) listeners.release(request.name)
      else listeners.hold(request.name, request.listener, socket)
      break
    case 'listener':
      return { ok: true, listener: listeners.find(request.name, request.address) }
    case 'release':
      guard.release()
      listeners.releaseAll()
      break
    case 'attach':
    case 'watch':
      throw new Error(`${request.op} takes a connection of its own`)
  }
  return { ok: true }
}

/** Reads request lines until one of them takes the connection over. */
function serve(socket: Socket): void {
  let rest = Buffer.alloc(0)
  const onData = (chunk: Buffer): void => {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const request = JSON.parse(rest.toString('utf8', 0, end)) as Numbered<Request>
      rest = rest.subarray(end + 1)
      if (request.op === 'attach') {
        socket.off('data', onData).off('end', onEnd)
        if (rest.length > 0) socket.unshift(rest)
        rest = Buffer.alloc(0)
        attachOrEnd(request, socket)
      } else if (request.op === 'watch') watchAll(socket)
      else void reply(request, socket)
    }
  }
  // The other side of a connection that carries no streams is gone when it says nothing more.
  const onEnd = (): unknown => socket.destroy()
  socket.on('data', onData).on('end', onEnd)
  socket.on('error', () => socket.destroy())
}

async function reply(request: Numbered<Request>, socket: Socket): Promise<void> {
  const { number } = request
  try {
    tell(socket, { ...(await answer(request, socket)), number })
  } catch (error) {
    tell(socket, { ok: false, error: messageOf(error), number })
  }
}

// Who can write to its socket can run anything as root: a daemon that was started with a loose umask must not open it.
process.umask(0o022)
mkdirSync(`${run}/held`, { recursive: true, mode: 0o700 })
await takeUp(processes.written(), {
  clock: systemClock,
  adopt: (id) => processes.adopt(id),
  forget: (id) => processes.forget(id),
})
names.restore()
await ports.restore()
const path = `${run}/keeper.sock`
if (existsSync(path)) unlinkSync(path)
createServer({ allowHalfOpen: true }, serve).listen(path)
reapChildren()
process.on('SIGHUP', () => undefined)
process.on('SIGTERM', () => process.exit(0))
// Its death would cost every container's terminal: what went wrong with one process must not end the others'.
process.on('uncaughtException', (error) => process.stderr.write(`${error.stack}\n`))
process.on('exit', () => memory[Symbol.dispose]())
