import {
  chownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  chmodSync,
  lchownSync,
  symlinkSync,
  copyFileSync,
  constants,
  type Stats,
} from 'node:fs'

/**
 * Fills an empty volume from the directory of the image that it covers, owners, modes and times kept. A volume that holds
 * anything, or a directory that does not exist, is left alone. Devices and sockets are not copied.
 */
export function copyUp(from: string, to: string): void {
  const stat = lstatSync(from, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isDirectory() || readdirSync(to).length > 0) return
  copyTree(from, to)
}

function copyTree(from: string, to: string): void {
  for (const name of readdirSync(from)) copyOne(`${from}/${name}`, `${to}/${name}`)
  keepAttributes(lstatSync(from), to)
}

function copyOne(from: string, to: string): void {
  const stat = lstatSync(from)
  if (stat.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to)
    lchownSync(to, stat.uid, stat.gid)
  } else if (stat.isDirectory()) {
    mkdirSync(to)
    copyTree(from, to)
  } else if (stat.isFile()) {
    copyFileSync(from, to, constants.COPYFILE_FICLONE)
    keepAttributes(stat, to)
  }
}

function keepAttributes(stat: Stats, to: string): void {
  chownSync(to, stat.uid, stat.gid)
  chmodSync(to, stat.mode & 0o7777)
  lutimesSync(to, stat.atime, stat.mtime)
}
