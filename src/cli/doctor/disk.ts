import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { unfitForData } from '#daemon/data-file-system.ts'
import { failure, ok, warning, type Finding } from './finding.ts'

const littleSpace = 5

/** Room for images and volumes where the data is, or will be. */
export function disk(directory: string): Finding[] {
  const { bavail, bsize, files, ffree } = statfsSync(existing(directory))
  const free = Math.floor((bavail * bsize) / 2 ** 30)
  const space =
    free >= littleSpace
      ? ok(`${free} GiB free for ${directory}`)
      : warning(`only ${free} GiB free for ${directory}`, 'docker system prune, or galley daemon --data DIR on a larger disk')
  const kind = unfitForData(existing(directory))
  const fits =
    kind === undefined
      ? []
      : [
          failure(
            `${directory} is on ${kind}, where containers can't have their files`,
            'galley daemon --data DIR on ext4, xfs, btrfs or tmpfs',
          ),
        ]
  const used = files === 0 ? 0 : 1 - ffree / files
  return used < 0.95
    ? [...fits, space]
    : [...fits, space, warning(`${Math.round(used * 100)} % of the inodes are in use`, 'docker system prune')]
}

/** The directory, or what of its path exists. */
function existing(path: string): string {
  return existsSync(path) ? path : existing(dirname(path))
}
