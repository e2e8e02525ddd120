import { dlopen, toArrayBuffer, toString, type FunctionDefinitions } from 'node:ffi'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'

/** `errno` of this thread, as memory: every call into the library may change it, those included that V8 makes while it collects garbage. */
const current = new Int32Array(errnoOfThread())
/** The one of the last call that was made here. */
let last = 0

function errnoOfThread(): ArrayBuffer {
  const location = dlopen('libc.so.6', { __errno_location: { arguments: [], return: 'pointer' } }).functions.__errno_location()
  if (location === null) throw new Error('the C library has no errno')
  return toArrayBuffer(location, Int32Array.BYTES_PER_ELEMENT, false)
}

/**
 * Calls into the C library in this process (`node:ffi`; see docs/decisions/0002-node-ffi.md). A folder of `host/` binds
 * the few functions it needs with `bind` and wraps each call in `check`. Without a library they are those of Node's own program.
 * What returns a size of less than 2 GB is bound as an `i32`: the number of an `i64` has to be allocated, before `errno` can be read.
 */
export function bind<const T extends FunctionDefinitions>(definitions: T, library: string | null = 'libc.so.6') {
  const { functions } = dlopen(library, definitions)
  return Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, noting(call)])) as typeof functions
}

/** The function, which keeps `errno` before anything else runs. */
function noting(call: Function): (...args: unknown[]) => unknown {
  return (...args) => {
    const result: unknown = call(...args)
    last = current[0] ?? 0
    return result
  }
}

/**
 * V8 allocates for a function that runs for the first times, and may collect garbage for it between a call and the look at `errno`: all that
 * `noting` makes share what it learns here.
 */
const firstTimes = 100
const nothing = noting(() => 0)
for (let time = 0; time < firstTimes; time++) nothing()

/** The C string at an address; `node:ffi` gives strings back as addresses. Read it before the library may change it. */
export function textAt(address: bigint | null): string {
  return address === null ? '' : (toString(address) ?? '')
}

/** A failed system call, in the shape of Node's own file-system errors. */
export class SystemCallError extends Error {
  readonly errno: number
  /** `ENOENT`, `EPERM`, … */
  readonly code: string
  readonly syscall: string

  constructor(syscall: string, errno: number, subject = '') {
    const code = getSystemErrorName(-errno)
    super(`${syscall}${subject && ` ${subject}`}: ${getSystemErrorMessage(-errno)} (${code})`)
    this.errno = errno
    this.code = code
    this.syscall = syscall
  }
}

/** `errno` of the last call on this thread. */
export function errno(): number {
  return last
}

/** Passes a result through, or throws `SystemCallError` when it is negative. */
export function check(result: number, syscall: string, subject?: string): number {
  if (result < 0) throw new SystemCallError(syscall, errno(), subject)
  return result
}
