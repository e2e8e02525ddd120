import { readFileSync, statSync } from 'node:fs'
import { OpenDirectory } from '#host/files/directory.ts'
import { openInRoot } from '#host/files/open-in-root.ts'
import type { Foot } from './climb.ts'

/** Files of a container are its own: none is read that could be endless. */
const largest = 64 << 10

/** Where a running container's programs go from; undefined when it has just ended. */
export function footOf(pid: number): Foot | undefined {
  try {
    using root = OpenDirectory.at(`/proc/${pid}/root/`)
    const text = (path: string): string => textIn(root, path)
    return { namespace: `/proc/${pid}/ns/net`, hosts: text('etc/hosts'), resolvConf: text('etc/resolv.conf') }
  } catch {
    return undefined
  }
}

function textIn(root: OpenDirectory, path: string): string {
  try {
    using file = openInRoot(root, path)
    const stat = statSync(file.path)
    return stat.isFile() && stat.size <= largest ? readFileSync(file.path, 'utf8') : ''
  } catch {
    return ''
  }
}
