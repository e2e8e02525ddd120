import { dlopen, getInt32, toString, type FunctionDefinitions } from 'node:ffi'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'

/**
 * Calls into the C library in this process (`node:ffi`; see docs/decisions/0002-node-ffi.md). A folder of `host/` binds
 * the few functions it needs with `bind` and wraps each call in `check`. Without a library they are those of Node's own program.
 */
export function bind<const T extends FunctionDefinitions>(definitions: T, library: string | null = 'libc.so.6') {
  return dlopen(library, definitions).functions
}

/** The C string at an address; `node:ffi` gives strings back as addresses. Read it before the library may change it. */
export function textAt(address: bigint | null): string {
  return address === null ? '' : (toString(address) ?? '')
}

const libc = bind({ __errno_location: { arguments: [], return: 'pointer' } })

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

/** `errno` of the last call on this thread. Read it before anything else can run. */
export function errno(): number {
  const location = libc.__errno_location()
  return location === null ? 0 : getInt32(location)
}

/** Passes a result through, or throws `SystemCallError` when it is negative. */
export function check(result: number | bigint, syscall: string, subject?: string): number {
  if (result < 0) throw new SystemCallError(syscall, errno(), subject)
  return Number(result)
}
