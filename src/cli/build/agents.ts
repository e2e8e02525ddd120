import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { GalleyError } from '#base/error.ts'

/** Agents that have keys from files for as long as a build needs them; disposing ends them. */
export interface KeyAgents extends Disposable {
  /** Their sockets by id. */
  readonly sockets: Readonly<Record<string, string>>
}

/** Starts an agent for each id and gives it its keys; a passphrase is asked for on the terminal. Throws `unavailable`, `invalid`. */
export async function startAgents(keys: Readonly<Record<string, readonly string[]>>): Promise<KeyAgents> {
  using started = new DisposableStack()
  const sockets: Record<string, string> = {}
  for (const [id, files] of Object.entries(keys)) {
    const { socket, end } = await startAgent()
    started.defer(end)
    sockets[id] = socket
    const { status } = spawnSync('ssh-add', ['-q', '--', ...files], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: ['inherit', 'ignore', 'inherit'],
    })
    if (status !== 0) throw new GalleyError('invalid', `--ssh ${id}: ssh-add takes no key from ${files.join(', ')}`, { subject: id })
  }
  const all = started.move()
  return { sockets, [Symbol.dispose]: () => all.dispose() }
}

async function startAgent(): Promise<{ readonly socket: string; readonly end: () => void }> {
  const directory = mkdtempSync(`${tmpdir()}/galley-ssh-`)
  const socket = `${directory}/agent`
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
  const end = (): void => {
    process.off('exit', end)
    child.kill()
    // It may be taking it away itself at this moment.
    rmSync(socket, { force: true })
    rmdirSync(directory)
  }
  // Also when the command is interrupted.
  process.once('exit', end)
  const failed = Promise.withResolvers<never>()
  child.on('error', () => failed.reject(missing()))
  child.on('exit', () => failed.reject(missing()))
  failed.promise.catch(() => undefined)
  try {
    // It says where it is when it listens.
    await Promise.race([once(child.stdout, 'data'), failed.promise])
  } catch (error) {
    end()
    throw error
  }
  return { socket, end }
}

function missing(): GalleyError {
  return new GalleyError('unavailable', 'ssh-agent does not start', { advice: 'Install it: apt-get install openssh-client.' })
}
