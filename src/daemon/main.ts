import { GalleyError, messageOf } from '#base/error.ts'
import { planned } from './locate.ts'
import { startDaemon } from './start.ts'

/** `galley daemon`: serves until SIGTERM or SIGINT. Containers keep running when it stops. */
export async function runDaemon(args: readonly string[]): Promise<number> {
  const stop = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.resolve())
  try {
    await using _daemon = await startDaemon(planned(args, process.env))
    await stop.promise
    return 0
  } catch (error) {
    process.stderr.write(
      `galley daemon: ${messageOf(error)}\n${error instanceof GalleyError && error.advice !== undefined ? `${error.advice}\n` : ''}`,
    )
    return 1
  }
}
