import { closeSync, openSync, read, watch, writeFileSync, writeSync } from 'node:fs'
import { bind, check } from '#host/kernel/library.ts'
import { readNumber, readPairs } from './files.ts'
import { countingGroup } from './hold.ts'
import { cgroupTree } from './tree.ts'

const libc = bind({ eventfd: { arguments: ['u32', 'i32'], return: 'i32' } })

/** How many processes of a group were killed because memory ran out. `undefined` when the group is gone. */
export function oomKills(path: string): number | undefined {
  const tree = cgroupTree()
  const file = tree.version === 1 ? 'memory.oom_control' : 'memory.events'
  return readPairs(tree.directory('memory', countingGroup(path)), file).get('oom_kill')
}

/** The most memory that a group has used, in bytes. `undefined` when it is gone, or the kernel doesn't count (version 2 before Linux 5.19). */
export function memoryPeak(path: string): number | undefined {
  const tree = cgroupTree()
  return readNumber(tree.directory('memory', countingGroup(path)), tree.version === 1 ? 'memory.max_usage_in_bytes' : 'memory.peak')
}

/**
 * Tells that memory ran out in some of the groups that it watches, without saying where: whoever is told reads the groups'
 * counts. In version 1 the kernel tells it through one event descriptor for all groups, *before* it kills; in version 2 by a
 * change of memory.events, when it has killed.
 */
export class OomWatch implements Disposable {
  readonly #onEvent: () => void
  readonly #event: number | undefined
  #closed = false

  constructor(onEvent: () => void) {
    this.#onEvent = onEvent
    const EFD_CLOEXEC = 0o2000000
    this.#event = cgroupTree().version === 1 ? check(libc.eventfd(0, EFD_CLOEXEC), 'eventfd') : undefined
    if (this.#event !== undefined) this.#await(this.#event)
  }

  /** Watches a group until it, or the result, goes. Throws the kernel's error when it can't be watched. */
  add(path: string): Disposable {
    const directory = cgroupTree().directory('memory', countingGroup(path))
    if (directory === undefined) return { [Symbol.dispose]: () => undefined }
    if (this.#event === undefined) {
      const watcher = watch(`${directory}/memory.events`, () => this.#onEvent())
      return { [Symbol.dispose]: () => watcher.close() }
    }
    const control = openSync(`${directory}/memory.oom_control`, 'r')
    try {
      writeFileSync(`${directory}/cgroup.event_control`, `${this.#event} ${control}`)
    } finally {
      closeSync(control)
    }
    // The kernel takes the descriptor off a group that is removed.
    return { [Symbol.dispose]: () => undefined }
  }

  /** One thread of the pool waits in read(2) for all groups; libuv knows no event descriptors. */
  #await(event: number): void {
    read(event, Buffer.alloc(8), 0, 8, null, (error) => {
      if (this.#closed) {
        closeSync(event)
        return
      }
      if (error !== null) throw error
      this.#await(event)
      this.#onEvent()
    })
  }

  /** Wakes the waiting thread: a process that exits waits for it. */
  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    const one = Buffer.alloc(8)
    one.writeBigUInt64LE(1n)
    if (this.#event !== undefined) writeSync(this.#event, one)
  }
}
