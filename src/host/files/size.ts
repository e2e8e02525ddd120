import { lstat, readdir } from 'node:fs/promises'

/** Bytes of the files below a directory, each counted once however many names it has; 0 when it is not there. */
export async function sizeBelow(directory: string): Promise<number> {
  const seen = new Set<number>()
  let sum = 0
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!entry.isFile()) continue
    const stat = await lstat(`${entry.parentPath}/${entry.name}`).catch(() => undefined)
    if (stat === undefined || seen.has(stat.ino)) continue
    if (stat.nlink > 1) seen.add(stat.ino)
    sum += stat.size
  }
  return sum
}
