import { mkdirSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { OpenDirectory } from '#host/files/directory.ts'
import { mount, unmount } from '#host/kernel/mount.ts'
import { whyNot } from './why-not.ts'

export interface OverlaySpec {
  /** Read-only directories, lowest first. One may come again, as when an image adds the same files twice. */
  readonly lower: readonly string[]
  /** Directory that holds `upper`, `work` and `merged`; made when missing. */
  readonly directory: string
}

/** mount(2) takes one page of options, and a zero at their end. */
const longest = 4095
/** Whatever the kernel's defaults are, all of a file lies in one layer, under its own name: that is what gets packed. */
const plain = 'index=off,redirect_dir=off,metacopy=off'

/** Mounts an overlay file system and returns the path of its merged tree. Throws `SystemCallError`, and what `whyNot` makes of one. */
export function mountOverlay({ lower, directory }: OverlaySpec): string {
  const [upper, work, merged] = ['upper', 'work', 'merged'].map((name) => `${directory}/${name}`) as [string, string, string]
  for (const path of [upper, work, merged]) mkdirSync(path, { recursive: true })
  const options = (lowers: readonly string[]): string =>
    `lowerdir=${lowers.map(escaped).join(':')},upperdir=${escaped(upper)},workdir=${escaped(work)},${plain}`
  // The kernel takes none twice (ELOOP). The topmost shows and hides all that the same one further down would.
  const lowers = [...new Set(lower.toReversed())]
  try {
    if (options(lowers).length <= longest) mount('overlay', merged, 'overlay', 0, options(lowers))
    else withShortNames(lowers, `${directory}/lower`, (short) => mount('overlay', merged, 'overlay', 0, options(short)))
  } catch (error) {
    throw whyNot(error, { lower, directory })
  }
  return merged
}

/** What parts options and layers from each other may stand in the path of a directory (ovl_next_opt, ovl_unescape). */
function escaped(path: string): string {
  return path.replaceAll(/[\\:,]/g, String.raw`\$&`)
}

/** The names of many layers don't fit: the kernel is given links of a few letters, which it follows once, at the mount. */
function withShortNames(paths: readonly string[], directory: string, task: (short: readonly string[]) => void): void {
  mkdirSync(directory, { recursive: true })
  using links = OpenDirectory.at(directory)
  const names = paths.map((_, index) => index.toString(36))
  const shorts = names.map((name) => links.path(name).toString())
  try {
    shorts.forEach((short, index) => symlinkSync(paths[index] ?? '', short))
    task(shorts)
  } finally {
    for (const name of links.names()) unlinkSync(links.path(name))
    rmdirSync(directory)
  }
}

export function unmountOverlay(directory: string): void {
  unmount(`${directory}/merged`)
}
