import { mkdirSync } from 'node:fs'
import { mount, unmount } from '#host/kernel/mount.ts'

export interface OverlaySpec {
  /** Read-only directories, lowest first. */
  readonly lower: readonly string[]
  /** Directory that holds `upper`, `work` and `merged`; made when missing. */
  readonly directory: string
}

/** Mounts an overlay file system and returns the path of its merged tree. Throws `SystemCallError`. */
export function mountOverlay({ lower, directory }: OverlaySpec): string {
  const [upper, work, merged] = ['upper', 'work', 'merged'].map((name) => `${directory}/${name}`) as [string, string, string]
  for (const path of [upper, work, merged]) mkdirSync(path, { recursive: true })
  mount('overlay', merged, 'overlay', 0, `lowerdir=${lower.toReversed().join(':')},upperdir=${upper},workdir=${work}`)
  return merged
}

export function unmountOverlay(directory: string): void {
  unmount(`${directory}/merged`)
}
