import { GalleyError } from '#base/error.ts'
import { groupProcesses } from '#host/cgroup/processes.ts'
import { run } from '#host/process/run.ts'
import { groupOf } from './cgroup.ts'
import type { Engine } from './engine.ts'
import { hasProcesses } from './status.ts'

export interface ProcessTable {
  readonly titles: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** `docker top`: what the host's ps says of the container's processes. Throws `conflict`, `invalid` for options that ps refuses. */
export async function top(engine: Engine, reference: string, options: string): Promise<ProcessTable> {
  const container = engine.containers.get(reference)
  if (!hasProcesses(container))
    throw new GalleyError(
      'conflict',
      container.state.status === 'restarting'
        ? `Container ${container.id} is restarting, wait until the container is running`
        : `container ${container.id} is not running`,
    )
  const words = options.trim().split(/\s+/)
  const chosen = words.filter((_, index) => !/^-?-?(o|O|format|sort|k)$/.test(words[index - 1] ?? ''))
  if (chosen.some((word) => /^-?-?(p|pid|q|quick-pid|ppid|C|[gGsStuU]|N|deselect)(=|$)/.test(word) && word !== 's' && word !== 'u'))
    throw new GalleyError('invalid', `ps: the option is not allowed, as it chooses processes: ${options}`)
  const processes = groupProcesses(groupOf(engine, container))
  const { code, stdout, stderr } = await run('ps', words)
  if (code !== 0) throw new GalleyError('invalid', `ps: ${stderr.trim()}`)
  return selectProcesses(stdout, new Set(processes))
}

/** Keeps the rows of ps whose column PID is one of `processes`. Throws `invalid` when there is no such column. */
export function selectProcesses(output: string, processes: ReadonlySet<number>): ProcessTable {
  const [head = '', ...lines] = output.split('\n').filter((line) => line !== '')
  const titles = head.trim().split(/\s+/)
  const column = titles.indexOf('PID')
  if (column < 0) throw new GalleyError('invalid', "Couldn't find PID field in ps output")
  const rows = lines.map((line) => fields(line, titles.length)).filter((row) => processes.has(Number(row[column])))
  return { titles, rows }
}

/** The last column holds all that is left. */
function fields(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/)
  return words.length <= count ? words : [...words.slice(0, count - 1), words.slice(count - 1).join(' ')]
}
