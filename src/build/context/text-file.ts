import { GalleyError } from '#base/error.ts'

/** Bytes of a Dockerfile or ignore file, which are held in memory as a whole: many times more than anybody writes. */
const most = 16 << 20

/** Throws `too large` for a size that no Dockerfile and no ignore file has. */
export function checkTextSize(path: string, bytes: number): void {
  if (bytes > most)
    throw new GalleyError('too large', `${path} is larger than ${most >> 20} MiB`, { code: 'context.text-size', subject: path })
}
