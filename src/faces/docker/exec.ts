import { GalleyError } from '#base/error.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { startExec, type Exec } from '#engine/containers/execs.ts'
import { hijack, join, parseDetachKeys } from './hijack.ts'
import { readJson, sendEmpty, sendJson, type Call, type Routes } from './route.ts'

/** Exec sessions of the Engine API. */
export function execRoutes(engine: Engine): Routes {
  return {
    'POST /containers/{id}/exec': (call) => createExec(engine, call),
    'POST /exec/{id}/start': (call) => runExec(engine, call),
    'GET /exec/{id}/json': (call) => sendJson(call, 200, inspect(engine.execs.get(call.params['id'] ?? ''))),
    'POST /exec/{id}/resize': async (call) => {
      const { id } = engine.execs.get(call.params['id'] ?? '')
      await engine.keeper.resize(id, Number(call.query.get('h')), Number(call.query.get('w')))
      sendEmpty(call, 200)
    },
  }
}

async function createExec(engine: Engine, call: Call): Promise<void> {
  const container = engine.containers.get(call.params['id'] ?? '')
  if (container.state.status === 'paused')
    throw new GalleyError('conflict', `container ${container.name} is paused, unpause the container before exec`)
  if (container.state.status !== 'running') throw new GalleyError('conflict', `container ${container.id} is not running`)
  const body = await readJson(call)
  const command = (body['Cmd'] ?? []) as string[]
  if (command.length === 0) throw new GalleyError('invalid', 'No exec command specified')
  const exec = engine.execs.add({
    container: container.id,
    command,
    env: (body['Env'] ?? []) as string[],
    user: String(body['User'] ?? ''),
    workingDir: String(body['WorkingDir'] ?? ''),
    tty: Boolean(body['Tty']),
    stdin: Boolean(body['AttachStdin']),
    stdout: Boolean(body['AttachStdout']),
    stderr: Boolean(body['AttachStderr']),
    privileged: Boolean(body['Privileged']),
    detachKeys: String(body['DetachKeys'] ?? ''),
  })
  engine.events.emit('container', `exec_create: ${command.join(' ')}`, container.id, {
    execID: exec.id,
    name: container.name,
    image: container.config.Image,
  })
  sendJson(call, 201, { Id: exec.id })
}

async function runExec(engine: Engine, call: Call): Promise<void> {
  const exec = engine.execs.get(call.params['id'] ?? '')
  const body = await readJson(call)
  if (exec.started) throw new GalleyError('conflict', `Error: Exec command ${exec.id} is already running`)
  if (body['Detach'] === true) {
    await startExec(engine, exec)
    sendEmpty(call, 200)
    return
  }
  const process = await engine.keeper.attach(exec.id, { stdin: exec.stdin, stdout: exec.stdout, stderr: exec.stderr })
  const { id, name, config } = engine.containers.get(exec.container)
  const client = hijack(call, exec.tty)
  const joined = join(client, process, parseDetachKeys(exec.detachKeys))
  await startExec(engine, exec)
  engine.events.emit('container', `exec_start: ${exec.command.join(' ')}`, id, { execID: exec.id, name, image: config.Image })
  await joined
}

function inspect(exec: Exec): object {
  return {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode ?? null,
    Pid: exec.pid,
    CanRemove: false,
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
