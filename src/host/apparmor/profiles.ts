import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { run } from '#host/process/run.ts'

const kernelFiles = '/sys/kernel/security/apparmor'
const parser = '/sbin/apparmor_parser'

/** Whether this kernel confines programs by AppArmor profiles (apparmor(7)). */
export function isEnabled(): boolean {
  return readOr('/sys/module/apparmor/parameters/enabled', '').startsWith('Y') && existsSync(`${kernelFiles}/profiles`)
}

/** Whether profiles can be brought into the kernel: Debian's package `apparmor` has the program that compiles them. */
export function hasParser(): boolean {
  return existsSync(parser)
}

/** Whether the kernel knows a profile of that name, in whatever mode. */
export function isLoaded(name: string): boolean {
  const lines = readOr(`${kernelFiles}/profiles`, '').split('\n')
  return lines.some((line) => line.slice(0, line.lastIndexOf(' (')) === name)
}

/**
 * Compiles a profile (apparmor.d(5)) and brings it into the kernel, in place of one of its name. Throws `unavailable` when that fails.
 */
export async function loadProfile(text: string): Promise<void> {
  const { code, stderr } = await run(parser, ['--replace', '--skip-cache'], { input: text })
  if (code !== 0)
    throw new GalleyError('unavailable', `the AppArmor profile can't be loaded: ${stderr.trim()}`, { code: 'apparmor.load-failed' })
}

/** Takes a profile out of the kernel, unless it confines a process: that would go on without. Whether it is gone, or never was there. */
export function unloadProfile(name: string): boolean {
  if (!isLoaded(name)) return true
  if (confined().has(name)) return false
  try {
    writeFileSync(`${kernelFiles}/.remove`, name)
  } catch {
    // Not from inside a container, where this is not ours to change.
  }
  return !isLoaded(name)
}

/** The profiles that processes run under. */
function confined(): ReadonlySet<string> {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return new Set(processes.map((pid) => readOr(`/proc/${pid}/attr/apparmor/current`, '').replace(/ \([a-z]+\)\s*$/, '')))
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}
