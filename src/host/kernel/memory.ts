import { bind } from './library.ts'
import { letGoOfProgramPages } from './program-pages.ts'

const libc = bind({ malloc_trim: { arguments: ['u64'], return: 'i32' } })

/**
 * Gives the kernel what a burst of work left behind in this process: the compiled form of modules that were loaded, garbage, which V8 by
 * itself leaves until more is needed, free pages of the C library's heap (malloc_trim(3)), and the program's own pages. Blocks the
 * thread for some 25 ms.
 */
export function giveBackMemory(): void {
  // Node keeps it to write it down in the end; this writes down now what is new, and keeps none.
  process.getBuiltinModule('node:module').flushCompileCache()
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  const { runInNewContext } = process.getBuiltinModule('node:vm')
  // As an option of Node it would make V8 refuse the compiled form of Node's own modules: 18 ms more at every start.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NonNullable<typeof globalThis.gc>
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  libc.malloc_trim(0n)
  try {
    letGoOfProgramPages()
  } catch {
    // Without a free descriptor it is not known which they are: they go with the next burst.
  }
}
