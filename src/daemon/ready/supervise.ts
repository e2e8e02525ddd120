import { letGoOfProgramPages } from '#host/kernel/program-pages.ts'
import { endOf, killProcess, openProcess, reapChild } from '#host/process/children.ts'
import { acceptCaller, closeDescriptor, sendAll, waitForAny, type Awaited } from '#host/process/door.ts'
import { forkProcess } from '#host/process/fork.ts'
import { endMessage } from './messages.ts'

/** A command that runs in a copy of this process. */
interface Running {
  readonly process: number
  /** The connection of whoever called it; undefined when that one has gone. */
  caller: number | undefined
  hasEnded: boolean
}

/** Milliseconds until another look is taken where no descriptor was free for a caller. */
const pause = 100
/** Milliseconds after the last call in which others may follow. */
const rest = 5000

interface Supervision {
  /** Where callers connect. */
  readonly listener: number
  /** Hung up when there is nothing to stand ready for any more. */
  readonly life: number
  /** Whether what this process has loaded is still what would be started. */
  readonly isCurrent: () => boolean
}

/**
 * Copies this process for each caller. Returns in each copy, with the connection to its caller; and in this process undefined, when it
 * is of no use any more and the last command has ended.
 */
export function supervise({ listener, life, isCurrent }: Supervision): number | undefined {
  const running = new Set<Running>()
  const doors: readonly Awaited[] = [
    { descriptor: listener, event: 'readable' },
    { descriptor: life, event: 'hungUp' },
  ]
  // The caller stays at the door then, which would tell of it again and again.
  let isFull = false
  // Pages of Node's program are mapped again with each call.
  let isUsed = false
  for (let isOpen = true; isOpen || running.size > 0;) {
    const watched = isFull ? doors.slice(1) : doors
    const happened = waitForAny([...awaitedOf(running), ...(isOpen ? watched : [])], isFull ? pause : isUsed ? rest : undefined)
    if (isUsed && !isFull && happened.size === 0) {
      letGoOfProgramPages()
      isUsed = false
    }
    isFull = false
    for (const command of running) if (!isGoingOn(command, happened)) running.delete(command)
    if (!isOpen) continue
    const isCalled = happened.has(listener)
    if (happened.has(life) || (isCalled && !isCurrent())) {
      isOpen = false
      closeDescriptor(listener)
      continue
    }
    const caller = isCalled ? acceptCaller(listener) : undefined
    isFull = caller === 'no room'
    if (typeof caller !== 'number') continue
    const copy = copyFor(caller)
    if (copy === 'this process') {
      for (const { descriptor } of [...awaitedOf(running), ...doors]) if (descriptor !== life) closeDescriptor(descriptor)
      return caller
    }
    if (copy !== undefined) running.add(copy)
    isUsed = true
  }
  return undefined
}

/**
 * Copies this process for a caller; returns the copy's place among the running, or in the copy that it is this one. Where the machine has
 * no room for a process more, the caller goes the ordinary way, and the commands of others go on.
 */
function copyFor(caller: number): Running | 'this process' | undefined {
  try {
    const pid = withRoom(forkProcess)
    return pid === 0 ? 'this process' : { process: openProcess(pid), caller, hasEnded: false }
  } catch {
    closeDescriptor(caller)
    return undefined
  }
}

/** Keeps a descriptor free for the copy's, which would begin to carry out the command before it were known that there is none. */
function withRoom(fork: () => number): number {
  const room = openProcess(process.pid)
  try {
    return fork()
  } finally {
    closeDescriptor(room)
  }
}

function awaitedOf(running: ReadonlySet<Running>): Awaited[] {
  return [...running].flatMap(({ process, caller, hasEnded }): Awaited[] => [
    ...(hasEnded ? [] : [{ descriptor: process, event: 'readable' } as const]),
    ...(caller === undefined ? [] : [{ descriptor: caller, event: 'hungUp' } as const]),
  ])
}

/**
 * Tells a caller how its command ended, and ends a command whose caller was killed. Returns whether there is more to wait for: the
 * caller sends signals to the command itself, whose id must not become another process's before it knows.
 */
function isGoingOn(command: Running, happened: ReadonlySet<number>): boolean {
  const { process, caller } = command
  if (caller !== undefined && happened.has(caller)) {
    closeDescriptor(caller)
    command.caller = undefined
    if (!command.hasEnded) killProcess(process)
  }
  const end = command.hasEnded || !happened.has(process) ? undefined : endOf(process)
  if (end !== undefined) {
    command.hasEnded = true
    if (command.caller !== undefined) sendAll(command.caller, endMessage(end))
  }
  if (!command.hasEnded || command.caller !== undefined) return true
  reapChild(process)
  return false
}
