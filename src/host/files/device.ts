import { readdirSync, statSync } from 'node:fs'
import { ifThere } from '#base/if-there.ts'

/** A device node of the host. */
export interface Device {
  readonly path: string
  readonly type: 'c' | 'b'
  readonly major: number
  readonly minor: number
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** Reads a device node, following links. `undefined` for anything else. Throws the file system's error when nothing is there. */
export function readDevice(path: string): Device | undefined {
  const stat = statSync(path)
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return undefined
  const type = stat.isBlockDevice() ? 'b' : 'c'
  return { path, type, ...deviceNumbers(stat.rdev), mode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid }
}

/** Every device node below a directory, but for what belongs to a terminal session or to one mount of /dev. */
export function devicesBelow(directory: string): Device[] {
  const skipped = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'])
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : (ifThere(() => devicesBelow(path)) ?? [])
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return []
    const device = entry.name === 'console' ? undefined : ifThere(() => readDevice(path))
    return device === undefined ? [] : [device]
  })
}

/** The kernel's packing of a device number (makedev(3)). */
export function deviceNumbers(device: number): { major: number; minor: number } {
  const value = BigInt(device)
  return {
    major: Number(((value >> 8n) & 0xfffn) | ((value >> 32n) & ~0xfffn)),
    minor: Number((value & 0xffn) | ((value >> 12n) & ~0xffn & 0xffffffffn)),
  }
}
