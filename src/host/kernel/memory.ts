import { bind } from './library.ts'

const libc = bind({ malloc_trim: { arguments: ['u64'], return: 'i32' } })

/**
 * Gives the kernel what a burst of work left behind in this process: collects garbage, which V8 by itself leaves until more is needed,
 * and trims the C library's heap (malloc_trim(3)). Blocks the thread for some 20 ms.
 */
export function giveBackMemory(): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  const { runInNewContext } = process.getBuiltinModule('node:vm')
  // As an option of Node it would make V8 refuse the compiled form of Node's own modules: 18 ms more at every start.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NonNullable<typeof globalThis.gc>
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  libc.malloc_trim(0n)
}
