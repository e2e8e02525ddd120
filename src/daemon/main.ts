import type { Config } from './config.ts'
import { startDaemon, type Programs } from './start.ts'

/**
 * Serves until SIGTERM or SIGINT; containers keep running. Should it die, it is started again with `programs.command`. Throws what keeps it
 * from starting.
 */
export async function runDaemon(config: Config, programs: Programs): Promise<void> {
  // Whatever the caller's is: sockets and files are made with it, before their own mode is set, and by programs that are run.
  process.umask(0o022)
  const stop = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.resolve())
  await using _daemon = await startDaemon(config, programs)
  await stop.promise
}
