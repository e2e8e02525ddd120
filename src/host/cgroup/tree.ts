import { readFileSync } from 'node:fs'

/** Where the kernel's control groups are mounted on this host (cgroups(7)). */
export interface CgroupTree {
  /** 1 also on a hybrid host, where a second version's tree without controllers is mounted beside. */
  readonly version: 1 | 2
  /**
   * Directory of the group `path` ("/galley/…") as `controller` sees it: a tree a controller in version 1, one tree in
   * version 2. `undefined` when the host doesn't have the controller.
   */
  directory(controller: string, path: string): string | undefined
  /** Every directory that the group can have: one a mounted controller. */
  directories(path: string): readonly string[]
}

let known: CgroupTree | undefined

/** The host's tree; read once, as nobody moves it under running processes. */
export function cgroupTree(): CgroupTree {
  return (known ??= parseCgroupTree(readFileSync('/proc/self/mounts', 'utf8'), readControllers))
}

/** As `cgroupTree`, from the text of /proc/self/mounts. `controllersOf` lists what a version 2 tree's root offers. */
export function parseCgroupTree(mounts: string, controllersOf: (root: string) => readonly string[]): CgroupTree {
  const rows = mounts.split('\n').map((line) => line.split(' '))
  const first = rows.filter(([, , type]) => type === 'cgroup').map(([, root = '', , options = '']) => ({ root, names: options.split(',') }))
  if (first.length > 0) {
    return {
      version: 1,
      directory: (controller, path) => {
        const root = first.find(({ names }) => names.includes(controller))?.root
        return root === undefined ? undefined : `${root}${path}`
      },
      directories: (path) => first.map(({ root }) => `${root}${path}`),
    }
  }
  const root = rows.find(([, , type]) => type === 'cgroup2')?.[1] ?? '/sys/fs/cgroup'
  const controllers = new Set(controllersOf(root))
  return {
    version: 2,
    directory: (controller, path) => (controllers.has(controller) ? `${root}${path}` : undefined),
    directories: (path) => [`${root}${path}`],
  }
}

function readControllers(root: string): readonly string[] {
  try {
    return readFileSync(`${root}/cgroup.controllers`, 'utf8').trim().split(' ')
  } catch {
    return []
  }
}
