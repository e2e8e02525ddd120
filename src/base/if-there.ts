/** `ENOENT`, `ENOTDIR`; `EINVAL` is readlink's of what is no link any more. */
const gone = new Set(['ENOENT', 'ENOTDIR', 'EINVAL'])

/** What `read` reads; undefined for what somebody has taken away, or put something else in the place of. Throws what else it throws. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (gone.has((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
