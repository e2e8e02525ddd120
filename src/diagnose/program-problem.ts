import { posix } from 'node:path'
import { runsHere } from '#host/kernel/architectures.ts'
import { parseElf } from './elf.ts'
import type { Ground, Standing } from './ground.ts'

/** Why the kernel can't start a program (execve(2)). */
export type ProgramProblem =
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'not-executable'; readonly path: string; readonly is: 'file' | 'directory' | 'other' }
  | { readonly kind: 'line-endings'; readonly path: string; readonly line: string }
  /** A script's interpreter or a program's loader that isn't there. */
  | { readonly kind: 'interpreter-missing'; readonly path: string; readonly needs: string; readonly loader: boolean }
  | { readonly kind: 'architecture'; readonly path: string; readonly has: string }
  /** Neither a program nor a script that names its interpreter. */
  | { readonly kind: 'no-format'; readonly path: string }

/** Docker's, where an image has none. */
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What keeps a program, a path or a name to be looked for in PATH, from being started; undefined for nothing that is known. */
export function programProblem(program: string, ground: Ground): ProgramProblem | undefined {
  const found = find(program, ground)
  if (found === 'unknown') return undefined
  if (found === undefined) return { kind: 'missing', path: program }
  return startProblem(found.path, found.standing, ground)
}

interface Found {
  readonly path: string
  readonly standing: Standing
}

/** As execvp(3) does: a name with a slash is a path, another is looked for; what may not be executed is passed over. */
function find(program: string, ground: Ground): Found | 'unknown' | undefined {
  const { Env, WorkingDir } = ground.config
  const variables = Object.fromEntries((Env ?? []).map((line) => line.split(/=(.*)/s)))
  const candidates = program.includes('/')
    ? [posix.resolve(WorkingDir || '/', program)]
    : (variables['PATH'] ?? usualPath).split(':').map((directory: string) => `${directory}/${program}`)
  let inTheWay: Found | undefined
  for (const path of candidates) {
    const standing = ground.look(path)
    if (standing === 'unknown') return 'unknown'
    if (standing?.kind === 'file' && standing.executable) return { path, standing }
    if (standing !== undefined && program.includes('/')) inTheWay = { path, standing }
    if (standing?.kind === 'file') inTheWay ??= { path, standing }
  }
  return inTheWay
}

function startProblem(path: string, { kind, executable, head }: Standing, ground: Ground): ProgramProblem | undefined {
  if (kind !== 'file' || !executable) return { kind: 'not-executable', path, is: kind }
  if (head.subarray(0, 2).toString('latin1') === '#!') return scriptProblem(path, head, ground)
  const elf = parseElf(head)
  // Empty files and other formats are the emulators' and the kernel's to know.
  if (elf === undefined) return isText(head) ? { kind: 'no-format', path } : undefined
  const { architecture, interpreter } = elf
  if (!runsHere(architecture)) return { kind: 'architecture', path, has: architecture }
  return interpreter !== undefined && ground.look(interpreter) === undefined
    ? { kind: 'interpreter-missing', path, needs: interpreter, loader: true }
    : undefined
}

function scriptProblem(path: string, head: Buffer, ground: Ground): ProgramProblem | undefined {
  const line = head.toString('latin1').split('\n', 1)[0] ?? ''
  if (line.endsWith('\r')) return { kind: 'line-endings', path, line: line.slice(0, -1) }
  const [interpreter = '', argument = ''] = line.slice(2).trim().split(/\s+/)
  if (ground.look(interpreter) === undefined) return { kind: 'interpreter-missing', path, needs: interpreter, loader: false }
  const isEnv = interpreter.endsWith('/env') && /^[\w.+]/.test(argument) && !argument.includes('=')
  return isEnv && find(argument, ground) === undefined ? { kind: 'interpreter-missing', path, needs: argument, loader: false } : undefined
}

function isText(head: Buffer): boolean {
  return head.length > 0 && !head.includes(0)
}
