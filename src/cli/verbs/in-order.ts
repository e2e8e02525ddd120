import { withoutCircles } from '#base/circles.ts'
import { messageOf } from '#base/error.ts'
import { Permits } from '#base/permits.ts'
import { inSequence } from '#base/sequence.ts'
import type { Progress } from '../render/progress.ts'
import { dependenciesOf, nameOf, serviceOf, type ContainerRow } from './containers.ts'

export interface Ordered {
  /** What depends on others comes before them, as when it is stopped. */
  readonly reversed: boolean
  readonly progress: Progress
  /** `Stopping`, `Stopped`. */
  readonly words: readonly [working: string, done: string]
  /** How many at once; any number when absent. */
  readonly atOnce?: number | undefined
}

/**
 * Does something to each container, at once where nothing depends on another; what depends on one that failed is left out. Resolves
 * with whether all went well. Containers of several versions of a file may depend on each other in a circle, which is cut.
 */
export async function inOrder(
  rows: readonly ContainerRow[],
  { reversed, progress, words: [working, done], atOnce = Number.POSITIVE_INFINITY }: Ordered,
  act: (row: ContainerRow) => Promise<unknown>,
): Promise<boolean> {
  const before = beforeEach(rows, reversed)
  const permits = new Permits(atOnce)
  const turns = new Map<string, Promise<boolean>>()
  const turnOf = (row: ContainerRow): Promise<boolean> => {
    const known = turns.get(row.Id)
    if (known !== undefined) return known
    const turn = (async (): Promise<boolean> => {
      // Let the map know this turn before another one asks for it.
      await Promise.resolve()
      const went = await Promise.all((before.get(row.Id) ?? []).map(turnOf))
      if (went.includes(false)) return false
      const draw = (status: string, state: 'working' | 'done' | 'failed', detail?: string): void =>
        progress.draw({
          type: 'step',
          id: row.Id,
          subject: `Container ${nameOf(row)}`,
          status,
          state,
          ...(detail !== undefined && { detail }),
        })
      using _permit = await permits.acquire(always)
      draw(working, 'working')
      try {
        await act(row)
        draw(done, 'done')
        return true
      } catch (error) {
        draw('Error', 'failed', messageOf(error))
        return false
      }
    })()
    turns.set(row.Id, turn)
    return turn
  }
  return !(await Promise.all(rows.map(turnOf))).includes(false)
}

/** The containers one after the other, as `inOrder` comes to them. */
export function sequence(rows: readonly ContainerRow[], reversed: boolean): ContainerRow[] {
  const before = beforeEach(rows, reversed)
  return inSequence(rows, ({ Id }) => before.get(Id) ?? [])
}

/** The containers whose turn comes before each one's, by its id. */
function beforeEach(rows: readonly ContainerRow[], reversed: boolean): Map<string, ContainerRow[]> {
  const direct = new Map(rows.map((row) => [row.Id, rows.filter((other) => comesFirst(other, row, reversed))]))
  return withoutCircles(direct, ({ Id }) => Id)
}

/** Ctrl-C ends the command. */
const always = new AbortController().signal

function comesFirst(other: ContainerRow, row: ContainerRow, reversed: boolean): boolean {
  const [dependent, dependency] = reversed ? [other, row] : [row, other]
  if (serviceOf(dependent) === serviceOf(dependency)) return false
  return dependenciesOf(dependent).some(({ service }) => service === serviceOf(dependency))
}
