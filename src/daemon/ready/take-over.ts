import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { openProcess } from '#host/process/children.ts'
import { isLikeOneself, startedWith, takeStandardStreams } from '#host/process/caller.ts'
import { closeDescriptor, peerOf, receiveByte, sendAll } from '#host/process/door.ts'
import { takenMessage } from './messages.ts'

/** How a caller is called: `perl hand-over.pl SOCKET`, and then the ordinary way, `NODE OPTION PROGRAM WORD…` (packaging/hand-over.pl). */
const [programAt, wordsAt] = [5, 6]

/** Variables by which Node itself starts differently. */
const startsNode = (name: string): boolean =>
  /^(NODE_(?!ENV$|COMPILE_CACHE$)|UV_(THREADPOOL_SIZE|USE_IO_URING)$|LD_(PRELOAD|AUDIT)$|OPENSSL_CONF$)/.test(name)

/**
 * Makes this process, a copy of the ready one, what its caller would be: its input and outputs, working directory, environment and
 * umask. Returns the command's words; undefined when the caller is not to be served so, or has gone: it goes the ordinary way then.
 * Throws what proc(5) refuses.
 */
export function takeOver(connection: number, program: string): readonly string[] | undefined {
  const { pid, uid } = peerOf(connection)
  if (uid !== 0) return undefined
  const caller = openProcess(pid)
  if (!isLikeOneself(pid)) return undefined
  const { words, environment, umask } = startedWith(pid)
  if (!isSameFile(words[programAt] ?? '', program) || Object.keys(environment).some(startsNode)) return undefined
  takeStandardStreams(caller)
  closeDescriptor(caller)
  process.chdir(`/proc/${pid}/cwd`)
  process.umask(umask)
  takeEnvironment(environment)
  takeKillability(pid)
  // The caller is the one that was looked at only if it lives: it answers now, and a process that has got its id can't.
  if (!sendAll(connection, takenMessage(process.pid)) || !receiveByte(connection)) return undefined
  return words.slice(wordsAt)
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [statSync(one, { throwIfNoEntry: false }), statSync(other, { throwIfNoEntry: false })]
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev
}

function takeEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(environment, name)) delete process.env[name]
  for (const [name, value] of Object.entries(environment)) process.env[name] = value
}

/** The daemon may be the last that the kernel ends for want of memory; a command is not. */
function takeKillability(pid: number): void {
  const of = (who: number | 'self'): string => readFileSync(`/proc/${who}/oom_score_adj`, 'latin1')
  const wanted = of(pid)
  if (wanted !== of('self')) writeFileSync('/proc/self/oom_score_adj', wanted)
}
