import { GalleyError, messageOf } from '#base/error.ts'
import { eventAttributes } from '#engine/containers/create.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { type Exec, checkEnterable, makeExec, startExec } from '#engine/containers/execs.ts'
import { frame } from '#base/frame-buffer.ts'
import { sizeOf } from './attach.ts'
import { parseDetachKeys } from './detach-keys.ts'
import { execBody, execStartBody } from './container-body.ts'
import { decodeBody } from './typed-body.ts'
import { hijack, join } from './hijack.ts'
import { readJson, sendEmpty, sendJson, type Call, type Routes } from './route.ts'

/** Exec sessions of the Engine API. */
export function execRoutes(engine: Engine): Routes {
  return {
    'POST /containers/{id}/exec': (call) => createExec(engine, call),
    'POST /exec/{id}/start': (call) => runExec(engine, call),
    'GET /exec/{id}/json': (call) => sendJson(call, 200, inspect(engine.execs.get(call.params['id'] ?? ''))),
    'POST /exec/{id}/resize': (call) => resizeExec(engine, call),
  }
}

/** The size of one that has not been started yet waits for its start. Throws `conflict` for one that has ended, of which the keeper knows nothing any more. */
async function resizeExec(engine: Engine, call: Call): Promise<void> {
  const size = sizeOf(call)
  const { id, exitCode } = engine.execs.get(call.params['id'] ?? '')
  if (exitCode !== undefined) throw new GalleyError('conflict', `exec session ${id} is not running`)
  await engine.keeper.resize(id, ...size)
  sendEmpty(call, 200)
}

/** Rows and columns; undefined where a body names none, and before API 1.42, which did not know it. */
function terminalSizeOf({ minor }: Call, { ConsoleSize }: Readonly<Record<string, unknown>>): readonly [number, number] | undefined {
  const [rows = 0, columns = 0] = (ConsoleSize ?? []) as readonly number[]
  return minor >= 42 && rows > 0 && columns > 0 ? [rows, columns] : undefined
}

async function createExec(engine: Engine, call: Call): Promise<void> {
  const body = decodeBody(await readJson(call), execBody)
  const container = engine.containers.get(call.params['id'] ?? '')
  checkEnterable(container, call.params['id'])
  const command = (body['Cmd'] ?? []) as string[]
  if (command.length === 0) throw new GalleyError('invalid', 'No exec command specified')
  parseDetachKeys(String(body['DetachKeys'] ?? ''), 'escape')
  const exec = makeExec(engine, {
    container: container.id,
    command,
    env: (body['Env'] ?? []) as string[],
    user: String(body['User'] ?? ''),
    terminalSize: terminalSizeOf(call, body),
    workingDir: String(body['WorkingDir'] ?? ''),
    tty: Boolean(body['Tty']),
    stdin: Boolean(body['AttachStdin']),
    stdout: Boolean(body['AttachStdout']),
    stderr: Boolean(body['AttachStderr']),
    privileged: Boolean(body['Privileged']),
    detachKeys: String(body['DetachKeys'] ?? ''),
  })
  engine.events.emit('container', `exec_create: ${command.join(' ')}`, container.id, { ...eventAttributes(container), execID: exec.id })
  sendJson(call, 201, { Id: exec.id })
}

async function runExec(engine: Engine, call: Call): Promise<void> {
  const body = decodeBody(await readJson(call), execStartBody)
  const exec = engine.execs.get(call.params['id'] ?? '')
  if (exec.started) throw new GalleyError('conflict', `Error: Exec command ${exec.id} is already running`)
  checkEnterable(engine.containers.get(exec.container))
  // Docker takes the start's size only of a start that is raw as well.
  exec.terminalSize = (body['Tty'] === true ? terminalSizeOf(call, body) : undefined) ?? exec.terminalSize
  if (body['Detach'] === true) {
    await startExec(engine, exec)
    sendEmpty(call, 200)
    return
  }
  const { key, attached } = await engine.keeper.attaching(exec.id, { stdin: exec.stdin, stdout: exec.stdout, stderr: exec.stderr })
  // The start says how the output comes, the creation whether the process has a terminal: docker-py has a terminal's framed too.
  const raw = body['Tty'] === true
  const starting = startExec(engine, exec, { framed: !raw, after: key })
  // It is waited for when the client's connection can tell of it.
  starting.catch(() => undefined)
  const { socket: process } = await attached
  const client = await hijack(call, raw)
  const told = Promise.withResolvers<void>()
  const joined = join(client, process, {
    detachKeys: exec.tty ? parseDetachKeys(exec.detachKeys) : undefined,
    over: told.promise,
  })
  try {
    await starting
    // A client asks for the exit code as soon as its connection ends.
    void exec.over.then(told.resolve)
  } catch (error) {
    // The answer's head is out: as in Docker, the text goes where the output would have gone.
    const text = Buffer.from(`${messageOf(error)}\r\n`)
    client.write(raw ? text : frame(1, text))
    told.resolve()
    process.destroy()
  }
  await joined
}

function inspect(exec: Exec): object {
  return {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode ?? null,
    Pid: exec.pid,
    CanRemove: exec.exitCode !== undefined,
    ContainerID: exec.container,
    DetachKeys: exec.detachKeys,
    OpenStdin: exec.stdin,
    OpenStdout: exec.stdout,
    OpenStderr: exec.stderr,
    ProcessConfig: {
      tty: exec.tty,
      entrypoint: exec.command[0],
      arguments: exec.command.slice(1),
      privileged: exec.privileged,
      user: exec.user,
    },
  }
}
