import { sleep, systemClock } from '#base/clock.ts'
import { giveBackMemory } from '#host/kernel/memory.ts'
import { detachThreads } from '#host/kernel/platform.ts'
import { closeDescriptor, listenAlone, sendAll } from '#host/process/door.ts'
import { endAtOnce } from '#host/process/fork.ts'
import { endMessage } from './messages.ts'
import { readySocket } from './ready-socket.ts'
import { supervise } from './supervise.ts'
import { takeOver } from './take-over.ts'

interface Readiness {
  readonly run: string
  /** What the launcher would start. */
  readonly program: string
  /** Whether what this process has loaded is still what would be started. */
  readonly isCurrent: () => boolean
}

/** Standard input, of which the daemon holds the other end. */
const life = 0

/** Milliseconds in which V8 puts its heap in order after a collection, by tasks in the event loop: each copy would do it otherwise. */
const tidying = 300

/**
 * Waits for callers until the daemon ends, or another version is to be started. Resolves in a copy of this process for each caller,
 * which is then what its caller would be, with the words of its command; and with undefined in this process, in the end.
 */
export async function standReady({ run, program, isCurrent }: Readiness): Promise<readonly string[] | undefined> {
  detachThreads()
  giveBackMemory()
  await sleep(systemClock, tidying)
  const caller = supervise({ listener: listenAlone(readySocket(run)), life, isCurrent })
  if (caller === undefined) return undefined
  try {
    const words = takeOver(caller, program)
    if (words === undefined) return endAtOnce(refused)
    tellEnd(caller)
    return words
  } catch {
    // Its caller has gone, or may not be looked at.
    return endAtOnce(refused)
  }
}

/** Nobody reads it: a caller that was not told that its command was taken goes the ordinary way. */
const refused = 1

/**
 * A caller that is told how its command ends before it has ended need not wait until the kernel has taken its memory apart, 1 ms. It may
 * unmount then what was written to, or run it.
 */
function tellEnd(caller: number): void {
  const end = (code: number): never => {
    process.chdir('/')
    for (const stream of [0, 1, 2]) closeDescriptor(stream)
    sendAll(caller, endMessage({ by: 'code', number: code }))
    return endAtOnce(code)
  }
  Object.defineProperty(process, 'reallyExit', { value: end })
}
