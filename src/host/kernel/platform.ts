import { dlopen, getRawPointer, getUint64, setUint64 } from 'node:ffi'
import { readFileSync } from 'node:fs'

/** Node's platform, which hands V8's tasks to threads: where it is kept, its class's table of functions, and those of them that hand over. */
const names = {
  kept: '_ZN4node11per_process11v8_platformE',
  table: '_ZTVN4node12NodePlatformE',
  count: '_ZN4node12NodePlatform21NumberOfWorkerThreadsEv',
  post: '_ZN4node12NodePlatform26PostTaskOnWorkerThreadImplEN2v812TaskPriorityESt10unique_ptrINS1_4TaskESt14default_deleteIS4_EERKNS1_14SourceLocationE',
  postLater:
    '_ZN4node12NodePlatform33PostDelayedTaskOnWorkerThreadImplEN2v812TaskPriorityESt10unique_ptrINS1_4TaskESt14default_deleteIS4_EEdRKNS1_14SourceLocationE',
} as const

/** More than the class has functions, and before the first of them what the language keeps there (Itanium C++ ABI, virtual tables). */
const [functions, before] = [48, 2]
const word = 8

/** Kept for as long as the process: the platform points there. */
let ownTable: BigUint64Array | undefined

/**
 * From now on V8 has no threads to hand tasks to, in this process and in its copies, which have none: V8's own options leave some
 * tasks of the collector to be handed over. The platform's table of functions is replaced by one in which counting threads gives
 * none and handing over does nothing. Throws where Node is built otherwise than it is known here.
 */
export function detachThreads(): void {
  const { lib } = dlopen(null)
  const address = (name: keyof typeof names): bigint => lib.getSymbol(names[name])
  const table = address('table')
  const first = table + BigInt(before * word)
  const platform = [1, 2, 3, 4]
    .map((at) => getUint64(address('kept'), at * word))
    .find((found) => isMapped(found) && getUint64(found) === first)
  if (platform === undefined) throw new Error('Node keeps its platform elsewhere')
  const entries = Array.from({ length: before + functions }, (_, at) => getUint64(table, at * word))
  const nothing = dlopen('libc.so.6').lib.getSymbol('sched_yield')
  for (const name of ['count', 'post', 'postLater'] as const) {
    const at = entries.indexOf(address(name))
    if (at < before) throw new Error(`Node's platform has no ${name}`)
    entries[at] = nothing
  }
  ownTable = BigUint64Array.from(entries)
  setUint64(platform, 0, getRawPointer(ownTable) + BigInt(before * word))
}

/** Whether there is memory at an address that is to be read. */
function isMapped(address: bigint): boolean {
  return [...readFileSync('/proc/self/maps', 'latin1').matchAll(/^([\da-f]+)-([\da-f]+) r/gm)].some(
    ([, from, to]) => address >= BigInt(`0x${from}`) && address < BigInt(`0x${to}`),
  )
}
