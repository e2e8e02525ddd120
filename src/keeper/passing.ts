const passing: ReadonlySet<string> = new Set(['EAGAIN', 'EBUSY', 'EDQUOT', 'EINTR', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ENOSPC'])

/** Whether a system call may well succeed later, as what it lacked comes and goes: descriptors, memory, or room. */
export function isPassing(error: unknown): boolean {
  return passing.has((error as NodeJS.ErrnoException).code ?? '')
}
