import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { messageOf } from '#base/error.ts'
import { hybridCgroup2Mount } from '#host/oci-runtime/hybrid.ts'
import { HeldProcess, type Listener } from './held-process.ts'
import type { Answer, KeeperEvent, ProcessSpec, Request } from './protocol.ts'

/**
 * The keeper: what must not stop when the daemon does. `main.ts RUN_DIRECTORY` listens on `RUN_DIRECTORY/keeper.sock`
 * and holds every process of one instance.
 */
const run = process.argv[2] ?? ''
const registry = `${run}/held`
const held = new Map<string, HeldProcess>()
const watchers = new Set<Socket>()
const cgroup2 = hybridCgroup2Mount()

const broadcast: Listener = {
  running: (id, pid) => tellAll({ type: 'running', id, pid }),
  exit: (id, code, at) => tellAll({ type: 'exit', id, code, at }),
}

function tellAll(event: KeeperEvent): void {
  for (const socket of watchers) tell(socket, event)
}

function tell(socket: Socket, message: KeeperEvent | Answer): void {
  socket.write(`${JSON.stringify(message)}\n`)
}

function processOf(id: string): HeldProcess {
  const known = held.get(id)
  if (known !== undefined && !known.exited) return known
  const fresh = new HeldProcess(id, broadcast)
  held.set(id, fresh)
  return fresh
}

function start(spec: ProcessSpec): Promise<Answer> {
  writeFileSync(`${registry}/${spec.id}`, JSON.stringify(spec))
  return processOf(spec.id).start(spec, cgroup2)
}

function forget(id: string): Answer {
  held.delete(id)
  if (existsSync(`${registry}/${id}`)) unlinkSync(`${registry}/${id}`)
  return { ok: true }
}

function watchAll(socket: Socket): void {
  watchers.add(socket)
  socket.on('close', () => watchers.delete(socket))
  for (const one of held.values()) {
    one.report({
      running: (id, pid) => tell(socket, { type: 'running', id, pid }),
      exit: (id, code, at) => tell(socket, { type: 'exit', id, code, at }),
    })
  }
  tell(socket, { type: 'ready' })
}

async function answer(request: Request, socket: Socket): Promise<Answer | undefined> {
  switch (request.op) {
    case 'start':
      return start(request.process)
    case 'attach':
      tell(socket, { ok: true })
      processOf(request.id).attach({ socket, stdout: request.stdout, stderr: request.stderr }, request.stdin)
      return undefined
    case 'resize':
      processOf(request.id).resize(request.rows, request.columns)
      return { ok: true }
    case 'forget':
      return forget(request.id)
    case 'watch':
      watchAll(socket)
      return undefined
    case 'stop':
      setImmediate(() => process.exit(0))
      return { ok: true }
  }
}

/** Reads request lines until one of them takes the connection over. */
function serve(socket: Socket): void {
  let rest = Buffer.alloc(0)
  const onData = (chunk: Buffer): void => {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const request = JSON.parse(rest.toString('utf8', 0, end)) as Request
      rest = rest.subarray(end + 1)
      if (request.op === 'attach') {
        socket.off('data', onData)
        if (rest.length > 0) socket.unshift(rest)
        rest = Buffer.alloc(0)
      }
      answer(request, socket).then(
        (reply) => reply !== undefined && tell(socket, reply),
        (error: unknown) => tell(socket, { ok: false, error: messageOf(error) }),
      )
    }
  }
  socket.on('data', onData)
  socket.on('error', () => socket.destroy())
}

mkdirSync(registry, { recursive: true, mode: 0o700 })
for (const id of readdirSync(registry)) {
  try {
    processOf(id).adopt(JSON.parse(readFileSync(`${registry}/${id}`, 'utf8')) as ProcessSpec)
  } catch {
    // Its directory went with a reboot: the daemon sees that it no longer runs.
    forget(id)
  }
}
const path = `${run}/keeper.sock`
if (existsSync(path)) unlinkSync(path)
createServer({ allowHalfOpen: true }, serve).listen(path)
process.on('SIGHUP', () => undefined)
