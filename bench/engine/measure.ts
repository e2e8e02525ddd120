import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

/** One way of doing the same thing. */
export interface Contender {
  readonly name: string
  readonly run: () => Promise<void>
}

/** Milliseconds before each run, in which what the one before left to do is done: it is not the next one's time, and often the other engine's. */
export const breath = 300

/** Medians in milliseconds, in the contenders' order. The runs are interleaved, as the machine's speed drifts. */
export async function interleaved(
  contenders: readonly Contender[],
  { rounds, warmUp = 2 }: { rounds: number; warmUp?: number },
): Promise<number[]> {
  const times = contenders.map((): number[] => [])
  for (let round = -warmUp; round < rounds; round++) {
    for (const [index, { run }] of contenders.entries()) {
      await setTimeout(breath)
      const start = performance.now()
      await run()
      if (round >= 0) times[index]?.push(performance.now() - start)
    }
  }
  return times.map(median)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
