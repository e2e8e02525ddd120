import { lstat, readdir } from 'node:fs/promises'

/**
 * Bytes of the files below a directory, each counted once however many names it has; 0 when it is not there. What others take away
 * meanwhile is not counted: Node's own recursive `readdir` would fail as a whole, for that as for a directory whose name is not in UTF-8.
 */
export async function sizeBelow(directory: string): Promise<number> {
  const seen = new Set<number>()
  const directories = [Buffer.from(directory)]
  let sum = 0
  for (let path = directories.pop(); path !== undefined; path = directories.pop())
    for (const entry of await readdir(path, { withFileTypes: true, encoding: 'buffer' }).catch(() => [])) {
      const inside = Buffer.concat([path, slash, entry.name])
      if (entry.isDirectory()) directories.push(inside)
      if (!entry.isFile()) continue
      const stat = await lstat(inside).catch(() => undefined)
      if (stat === undefined || seen.has(stat.ino)) continue
      if (stat.nlink > 1) seen.add(stat.ino)
      sum += stat.size
    }
  return sum
}

const slash = Buffer.from('/')
