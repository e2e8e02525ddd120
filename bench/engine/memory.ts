import { readdirSync, readFileSync } from 'node:fs'

export interface Process {
  readonly pid: number
  readonly command: string
  readonly parent: number
}

/** Every process of the machine. */
export function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1] ?? 0)
        return [{ pid: Number(name), command, parent }]
      } catch {
        return []
      }
    })
}

/** Proportional set size of the processes, MiB: shared pages count in parts (proc(5), smaps_rollup). */
export function proportionalMemory(those: readonly Process[]): number {
  const kilobytes = those.map(({ pid }) => {
    try {
      return Number(/^Pss:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
    } catch {
      return 0
    }
  })
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024
}

/** CPU time of this process's children that have ended, in milliseconds (proc(5), stat: cutime and cstime). */
export function childrenTime(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}

/** CPU time that the processes have used, in milliseconds (proc(5), stat: utime and stime in hundredths of a second). */
export function cpuTime(those: readonly Process[]): number {
  return those.reduce((sum, { pid }) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return sum + (Number(fields[11]) + Number(fields[12])) * 10
    } catch {
      return sum
    }
  }, 0)
}
