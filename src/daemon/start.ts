import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { jsonLog } from '#base/log.ts'
import { dockerServer } from '#faces/docker/server.ts'
import { adopt } from './adopt.ts'
import type { Config } from './config.ts'
import { wireUp } from './wire-up.ts'

/** Starts one instance; disposing the result stops it and leaves its containers running. Throws `conflict` when it runs already. */
export async function startDaemon(config: Config): Promise<AsyncDisposable> {
  const log = jsonLog((line) => process.stderr.write(line), systemClock.now)
  for (const directory of [
    config.data,
    `${config.data}/containers`,
    `${config.data}/trash`,
    `${config.data}/volumes`,
    config.run,
    `${config.run}/containers`,
    `${config.run}/netns`,
  ]) {
    mkdirSync(directory, { recursive: true, mode: 0o711 })
  }
  await using setup = new AsyncDisposableStack()
  setup.use(claim(`${config.run}/daemon.pid`))
  const stopping = new AbortController()
  setup.defer(() => stopping.abort())
  const { engine, routes, store } = await wireUp(config, log)
  setup.use(store)
  setup.use(engine.keeper)
  await engine.containers.load()
  await adopt(engine, stopping.signal)
  const server = dockerServer(routes, log)
  setup.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  if (existsSync(config.socket)) unlinkSync(config.socket)
  server.listen(config.socket)
  await once(server, 'listening')
  protect(config.socket)
  log.info('ready', { socket: config.socket })
  return setup.move()
}

/** One daemon an instance: the file names the process that holds it. */
function claim(path: string): Disposable {
  const holder = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  if (holder > 0 && holder !== process.pid && isDaemon(holder)) {
    throw new GalleyError('conflict', `a daemon is running already, process ${holder}`, { advice: 'galley daemon stop' })
  }
  writeFileSync(path, String(process.pid))
  return { [Symbol.dispose]: () => unlinkSync(path) }
}

function isDaemon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('daemon')
  } catch {
    return false
  }
}

/** Root and the group `galley`, which equals root, may use the socket. */
function protect(socket: string): void {
  chmodSync(socket, 0o660)
  const gid = /^galley:[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1]
  if (gid !== undefined) chownSync(socket, 0, Number(gid))
}
