import { GalleyError, reasonOf } from '#base/error.ts'

/** For a Compose file that can't be read. */
export function unreadable(file: string, cause: unknown): GalleyError {
  const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT'
  const message = isAbsent ? `there is no file ${file}` : `${file} can't be read: ${reasonOf(cause)}`
  return new GalleyError('not found', message, { code: 'compose.no-file', subject: file, cause })
}
