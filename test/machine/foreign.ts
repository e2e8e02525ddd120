import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { emulates } from '#host/kernel/emulators.ts'
import { isNative, type Architecture } from './architectures.ts'

/** Waits until its user namespace knows user ids; only then does a program that is started have root's rights in it. */
const wait = 'echo >&3; read -r _ && exec 3>&- sh -euc "$0" "$@"'
/** A user namespace has a list of emulators of its own (Linux 6.7), which goes with its last process (binfmt_misc, flags F, O and C). */
const register = 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc; printf %s "$0" >/proc/sys/fs/binfmt_misc/register; exec "$@"'

/**
 * Runs a program that starts programs of an architecture, and resolves with its exit code. Foreign ones are emulated for it alone: what
 * the machine itself knows of emulators stays as it is. Throws when that can't be had.
 */
export async function runFor(architecture: Architecture, command: readonly string[]): Promise<number> {
  const { debian, elf, user } = architecture
  const [program = '', ...args] = command
  if (isNative(architecture) || emulates(debian)) return ended(spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }))
  if (!existsSync(user)) throw new Error('missing: apt-get install --no-install-recommends qemu-user-static')
  const child = spawn('unshare', ['--user', '--mount', 'sh', '-c', wait, register, entryOf(elf, user), ...command], {
    stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
  })
  const code = ended(child)
  await Promise.race([once(child.stdio[3] as Readable, 'data'), code])
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, '0 0 4294967295\n')
  child.stdin?.end('\n')
  return code
}

function ended(child: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code ?? 255)))
}

/** The beginning of every 64-bit program of this machine type, whatever system it says that it is for, and what runs it. */
function entryOf(elf: number, user: string): string {
  const bytes = (...values: readonly number[]): string => values.map((value) => `\\x${value.toString(16).padStart(2, '0')}`).join('')
  const [zeros, ones] = [Array<number>(8).fill(0), Array<number>(8).fill(0xff)]
  const magic = bytes(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...zeros, 0, 2, 0, elf, 0)
  // Neither the system nor the difference between a program and a shared object that is one.
  const mask = bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, ...ones, 0xfe, 0xff, 0xff, 0xff)
  return `:galley:M::${magic}:${mask}:${user}:FOC`
}
