import { mkdirSync, writeFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { newId } from '#base/id.ts'
import type { Engine } from './engine.ts'
import { bundleDirectory } from './start.ts'
import { capabilitySets, environment } from './spec.ts'
import { resolveUser } from './user.ts'

/** An exec session: it lives in memory, as in Docker, and ends with its container. */
export interface Exec {
  readonly id: string
  readonly container: string
  readonly command: readonly string[]
  readonly env: readonly string[]
  readonly user: string
  readonly workingDir: string
  readonly tty: boolean
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly privileged: boolean
  readonly detachKeys: string
  running: boolean
  started: boolean
  pid: number
  exitCode: number | undefined
}

export class Execs {
  readonly #byId = new Map<string, Exec>()

  add(exec: Omit<Exec, 'id' | 'running' | 'started' | 'pid' | 'exitCode'>): Exec {
    const full = { ...exec, id: newId(), running: false, started: false, pid: 0, exitCode: undefined }
    this.#byId.set(full.id, full)
    return full
  }

  find(id: string): Exec | undefined {
    return this.#byId.get(id)
  }

  get(id: string): Exec {
    const exec = this.#byId.get(id)
    if (exec === undefined) throw new GalleyError('not found', `No such exec instance: ${id}`, { subject: id })
    return exec
  }

  of(container: string): Exec[] {
    return [...this.#byId.values()].filter((exec) => exec.container === container && exec.running)
  }

  dropOf(container: string): void {
    for (const exec of this.#byId.values()) if (exec.container === container) this.#byId.delete(exec.id)
  }
}

/** Starts a prepared session; resolves when its process runs. Throws `conflict` when its container doesn't or it ran before. */
export async function startExec(engine: Engine, exec: Exec): Promise<void> {
  const container = engine.containers.get(exec.container)
  if (container.state.status === 'paused')
    throw new GalleyError('conflict', `container ${container.name} is paused, unpause the container before exec`)
  if (container.state.status !== 'running') throw new GalleyError('conflict', `container ${container.id} is not running`)
  if (exec.started) throw new GalleyError('conflict', `Error: Exec command ${exec.id} is already running`)
  exec.started = true
  const directory = `${bundleDirectory(engine, container.id)}/execs/${exec.id}`
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileSync(`${directory}/process.json`, JSON.stringify(processOf(engine, exec)), { mode: 0o600 })
  const { program, root } = engine.runtime
  const terminal = exec.tty ? ['--tty', '--console-socket', `${directory}/console.sock`] : []
  const command = [
    program,
    '--root',
    root,
    '--cgroup-manager',
    'cgroupfs',
    '--log',
    `file:${directory}/runtime.log`,
    'exec',
    '--process',
    `${directory}/process.json`,
    '--pid-file',
    `${directory}/pid`,
    ...terminal,
    container.id,
  ]
  const answer = await engine.keeper.start({ id: exec.id, command, directory, stdin: exec.stdin, stdinOnce: true, tty: exec.tty })
  exec.running = answer.ok && exec.exitCode === undefined
  if (answer.ok) exec.pid = answer.pid ?? 0
  else exec.exitCode = /permission denied|is a directory/i.test(answer.error) ? 126 : 127
}

function processOf(engine: Engine, exec: Exec): object {
  const container = engine.containers.get(exec.container)
  const rootfs = `${engine.data}/containers/${container.id}/merged`
  const user = resolveUser(rootfs, exec.user || container.config.User, container.hostConfig.GroupAdd)
  return {
    terminal: exec.tty,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: exec.command,
    env: environment({ ...container.config, Tty: exec.tty, Env: [...container.config.Env, ...exec.env] }, user.home, []),
    cwd: exec.workingDir || container.config.WorkingDir || '/',
    capabilities: capabilitySets({ ...container.hostConfig, Privileged: exec.privileged || container.hostConfig.Privileged }, user.uid),
    noNewPrivileges: container.hostConfig.SecurityOpt.some((option) => /^no-new-privileges([:=]true)?$/.test(option)),
  }
}
