import { readFileSync } from 'node:fs'

/** What has gone through an interface so far, from the side of the namespace that it is in. */
export interface Traffic {
  readonly name: string
  readonly received: Direction
  readonly sent: Direction
}

interface Direction {
  readonly bytes: number
  readonly packets: number
  readonly errors: number
  readonly dropped: number
}

/** Reads the interfaces of a process's network namespace but for its loopback; none when the process is gone. */
export function trafficOf(pid: number): Traffic[] {
  try {
    return parseTraffic(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))
  } catch {
    return []
  }
}

/** The table of proc_pid_net(5): two lines of heads, then `name: ` and 16 numbers, 8 a direction. */
function parseTraffic(text: string): Traffic[] {
  return [...text.matchAll(/^\s*(\S+):\s*(.*)$/gm)]
    .map(([, name = '', rest = '']) => ({ name, numbers: rest.trim().split(/\s+/).map(Number) }))
    .filter(({ name }) => name !== 'lo')
    .map(({ name, numbers }) => ({ name, received: direction(numbers, 0), sent: direction(numbers, 8) }))
}

function direction(numbers: readonly number[], from: number): Direction {
  const [bytes = 0, packets = 0, errors = 0, dropped = 0] = numbers.slice(from, from + 4)
  return { bytes, packets, errors, dropped }
}
