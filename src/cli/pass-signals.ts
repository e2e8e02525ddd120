import { ask } from './connect.ts'
import { say } from './say.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** So many that mean its end, as Ctrl-C does, end this command alone: the container may take no notice of them (docker's command: 3). */
const enough = 3

/** Whoever stops this command means the container, as with docker attach. */
export function passSignals(container: string): Disposable {
  let ends = 0
  const pass = (signal: string): void => {
    if (['SIGINT', 'SIGTERM'].includes(signal) && ++ends === enough) {
      say('The container goes on: it takes no notice of the signal.', process.stderr)
      process.exit(1)
    }
    // One that has ended meanwhile gets none.
    ask(`/containers/${container}/kill?signal=${signal}`, { method: 'POST' }).catch(() => undefined)
  }
  for (const signal of signals) process.on(signal, pass)
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, pass)
    },
  }
}
