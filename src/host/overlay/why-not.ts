import { existsSync, statfsSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { SystemCallError } from '#host/kernel/library.ts'

/** File systems that an overlay can't write its changes to (statfs(2), `f_type`). */
const unfit: Readonly<Record<number, string>> = {
  0x794c7630: 'overlay',
  0x6969: 'nfs',
  0x4d44: 'vfat',
  0x2011bab0: 'exfat',
  0x65735546: 'fuse',
  0x01021997: '9p',
}

/** The name of the file system that a directory is on, when containers can't have their files there. */
export function unfitFileSystem(directory: string): string | undefined {
  return unfit[Number(statfsSync(directory, { bigint: true }).type)]
}

/** Why an overlay could not be mounted, where the kernel's answer alone would leave a person to guess. */
export function whyNot(error: unknown, { lower, directory }: { readonly lower: readonly string[]; readonly directory: string }): unknown {
  if (!(error instanceof SystemCallError)) return error
  const missing = lower.find((path) => !existsSync(path))
  if (error.code === 'ENOENT' && missing !== undefined)
    return new GalleyError('internal', `the layer ${missing} is not on the disk any more`, {
      code: 'layer.missing',
      subject: missing,
      advice: 'Remove the image (docker rmi -f) and pull, load or build it again.',
      cause: error,
    })
  const kind = unfitFileSystem(directory)
  if (error.code === 'EINVAL' && kind !== undefined)
    return new GalleyError('unavailable', `${directory} is on ${kind}, where containers can't have their files`, {
      code: 'disk.unfit',
      subject: directory,
      advice: `Start the daemon with --data DIR on ext4, xfs, btrfs or tmpfs${kind === 'overlay' ? '; inside a container, on a volume' : ''}.`,
      cause: error,
    })
  return error
}
