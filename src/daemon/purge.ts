import { readFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { deleteTree } from '#host/files/discard.ts'
import type { Config } from './config.ts'

/**
 * Deletes all that an instance keeps. Throws `conflict` while anything is mounted below its directories: deleting would go on into
 * what is mounted there, and that may be a directory of the host.
 */
export async function purge({ data, run }: Config): Promise<void> {
  const mounted = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .find((path) => [data, run].some((directory) => path.startsWith(`${directory}/`)))
  if (mounted !== undefined)
    throw new GalleyError('conflict', `${mounted} is still mounted`, { subject: mounted, advice: `umount ${mounted}` })
  for (const directory of [data, run]) await deleteTree(directory)
}
