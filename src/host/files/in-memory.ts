import { mkdirSync } from 'node:fs'
import { mount, MS, unmount } from '#host/kernel/mount.ts'

/** Makes a directory whose files are in memory alone (never on a swap device where the kernel can keep it so), until it is disposed. */
export function inMemory(directory: string, bytes: number): Disposable {
  mkdirSync(directory, { mode: 0o700 })
  const options = `mode=0700,size=${bytes}`
  const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC
  try {
    mount('tmpfs', directory, 'tmpfs', flags, `${options},noswap`)
  } catch {
    // Linux before 6.4 doesn't know noswap.
    mount('tmpfs', directory, 'tmpfs', flags, options)
  }
  return { [Symbol.dispose]: () => unmount(directory) }
}
