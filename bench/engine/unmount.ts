import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Docker leaves the mounts of its network namespaces behind. */
export function unmountBelow(directory: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
  for (const path of mounts.filter((mount) => mount.startsWith(directory)).toReversed()) spawnSync('umount', ['--lazy', path])
}
