import type { Clock } from '#base/clock.ts'
import { makeMemoryGroup, removeMemoryGroup } from '#host/cgroup/hold.ts'
import { memoryPeak, OomWatch, oomKills } from '#host/cgroup/oom.ts'

/** The kernel tells that memory ran out before it kills, and the killing takes a moment: milliseconds after which to look. */
const looks = [1, 20, 200, 1000]

interface Group {
  readonly path: string
  /** Kills that the watchers have been told of. */
  told: number
  readonly watching: Disposable | undefined
}

/** Sees which held containers lose a process because memory ran out: their own limit's, or that of all containers together. */
export class MemoryWatch implements Disposable {
  readonly #groups = new Map<string, Group>()
  readonly #watch: OomWatch
  readonly #clock: Clock
  readonly #tell: (id: string, peak: number | undefined) => void
  /** Looks to come, by their delay: however often memory runs out, no more than these are made. */
  readonly #due = new Set<number>()

  /** `tell` is called once for every time that processes of the container `id` were found killed, with the most memory that it had used. */
  constructor(clock: Clock, tell: (id: string, peak: number | undefined) => void) {
    this.#clock = clock
    this.#tell = tell
    this.#watch = new OomWatch(() => this.#lookSoon())
  }

  /** Makes the group of a container that is about to start. */
  hold(id: string, path: string): void {
    makeMemoryGroup(path)
    this.adopt(id, path)
  }

  /** Takes over a group that a keeper before this one made; what it says already is `report`ed, not told. */
  adopt(id: string, path: string): void {
    this.#groups.set(id, { path, told: oomKills(path) ?? 0, watching: this.#watchGroup(path) })
  }

  #watchGroup(path: string): Disposable | undefined {
    try {
      return this.#watch.add(path)
    } catch {
      // It went with a reboot, or the host has no memory controller: the end of the container tells what there is.
      return undefined
    }
  }

  /** Calls back when any process was killed so in the container's current run. */
  report(id: string, tell: (peak: number | undefined) => void): void {
    const group = this.#groups.get(id)
    if (group !== undefined && group.told > 0) tell(memoryPeak(group.path))
  }

  /** Tells what has happened since it was last told. Call it at the container's end, before the group is released. */
  look(id: string): void {
    const group = this.#groups.get(id)
    const kills = group === undefined ? 0 : (oomKills(group.path) ?? group.told)
    if (group === undefined || kills <= group.told) return
    group.told = kills
    this.#tell(id, memoryPeak(group.path))
  }

  release(id: string): void {
    const group = this.#groups.get(id)
    if (group === undefined) return
    this.#groups.delete(id)
    group.watching?.[Symbol.dispose]()
    removeMemoryGroup(group.path)
  }

  #lookSoon(): void {
    for (const delay of looks) {
      if (this.#due.has(delay)) continue
      this.#due.add(delay)
      this.#clock.after(delay, () => {
        this.#due.delete(delay)
        this.#lookAtAll()
      })
    }
  }

  #lookAtAll(): void {
    for (const id of this.#groups.keys()) this.look(id)
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }
}
