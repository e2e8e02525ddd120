import { chmodSync } from 'node:fs'
import { startBuilder } from '#build/builder.ts'
import { systemClock } from '#base/clock.ts'
import { jsonLog } from '#base/log.ts'
import { Rest } from '#base/rest.ts'
import { clearUpParts } from '#engine/catalogue/clear-up-parts.ts'
import { HealthMonitor } from '#engine/health/monitor.ts'
import { probe } from '#engine/health/probe.ts'
import { giveBackMemory } from '#host/kernel/memory.ts'
import { adopt, replaceKeepers } from './adopt.ts'
import { claim } from './claim.ts'
import type { Config } from './config.ts'
import { openDoors } from './doors.ts'
import { endUnderstudies, isLeftOver } from './end-understudies.ts'
import { startKeeper } from './keeper.ts'
import { recordInstance } from './locate.ts'
import { makeDirectory } from './make-directory.ts'
import { quickenCgroups } from './quick-cgroups.ts'
import { ReadyProcess } from './ready/start.ts'
import { reserveMemory } from './reserve-memory.ts'
import { revive } from './revive.ts'
import { routesOf } from './routes.ts'
import { keepBusyInMemory } from './volatile.ts'
import { makeSignOfLife, Watcher } from './watcher.ts'
import { wireUp } from './wire-up.ts'

/** Milliseconds. */
const pace = { quiet: 5000, apart: 20_000 } as const

/** What the command line knows of its own programs. */
export interface Programs {
  /** Starts this daemon. */
  readonly command: readonly string[]
  /** The path of the program that stands ready for commands. */
  readonly ready: string
}

/**
 * Starts one instance, which is started again with `command` should it die; disposing the result stops it and leaves its containers
 * running. Throws `conflict` when it runs already.
 */
export async function startDaemon(config: Config, { command, ready }: Programs): Promise<AsyncDisposable> {
  const log = jsonLog((line) => process.stderr.write(line), systemClock.now)
  makeDirectories(config)
  await using setup = new AsyncDisposableStack()
  setup.use(claim(config))
  keepBusyInMemory(config.run, log)
  // It loads while this process does.
  startKeeper(config.run)
  recordInstance(config)
  const rooms = await wireUp(config, log)
  const { engine, images, builder, networks, listeners } = rooms
  setup.use(rooms.store)
  setup.use(rooms.pulling.registries)
  setup.use(networks)
  setup.use(networks.watch())
  setup.use(engine.keeper)
  await engine.containers.load()
  reserveMemory(engine, config)
  setup.use(quickenCgroups(engine, config))
  setup.use(engine.restarts)
  setup.defer(async () => void (await engine.keeper.release()))
  const daemon = { command, log: `${config.run}/daemon.log`, alive: makeSignOfLife(config.run) }
  const told = { daemon, listeners }
  const wanted = await adopt(engine, { ...told, keepers: setup.use(replaceKeepers(engine, told)) })
  setup.use(new Watcher(config.run, daemon, systemClock))
  // What was left of those that ran before a reboot is gone now.
  keepBusyInMemory(config.run, log)
  setup.use(new HealthMonitor({ ...engine, probe: (container, check) => probe(engine, container, check) }))
  await startBuilder(builder)
  await clearUpParts(images)
  rooms.standIns?.clearUp()
  await images.content.collect()
  const rest = setup.use(new Rest(engine.clock, pace, giveBackMemory))
  setup.use(engine.events.listen(() => rest.touch()))
  setup.use(rooms.registry)
  setup.use(await openDoors(config, { routes: routesOf(rooms), listeners, log, onRequest: () => rest.touch() }))
  await rooms.registry.start(() => rest.touch())
  setup.use(new ReadyProcess({ program: ready, run: config.run }, engine.clock, log))
  rest.touch()
  log.info('ready', { socket: config.socket })
  void endUnderstudies(engine)
  void revive(
    engine,
    wanted.filter((container) => !isLeftOver(container)),
  )
  void networks.passOthers()
  return setup.move()
}

/** Only root enters the state, as images hold setuid programs (CVE-2024-25621); the socket's directory is open to its group. */
function makeDirectories({ data, run }: Config): void {
  makeDirectory(run, 0o711)
  const lasting = ['containers', 'trash', 'volumes'].map((name) => `${data}/${name}`)
  const volatile = ['containers', 'netns', 'tty'].map((name) => `${run}/${name}`)
  for (const directory of [data, ...lasting, ...volatile]) {
    makeDirectory(directory, 0o700)
    chmodSync(directory, 0o700)
  }
}
