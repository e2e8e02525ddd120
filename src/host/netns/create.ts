import { closeSync, existsSync, openSync, unlinkSync } from 'node:fs'
import { bind, check } from '#host/kernel/library.ts'
import { MS, mount, unmount } from '#host/kernel/mount.ts'
import { CLONE, insideNamespace, unshare } from '#host/kernel/namespace.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  ioctl: { arguments: ['i32', 'u64', 'buffer'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
})

/** Makes a network namespace with its loopback up, and keeps it alive by a mount on `path` as `ip netns` does. */
export function createNetworkNamespace(path: string): void {
  closeSync(openSync(path, 'wx', 0o600))
  insideNamespace(CLONE.NEWNET, () => unshare(CLONE.NEWNET), () => {
    mount('/proc/thread-self/ns/net', path, 'none', MS.BIND)
    loopbackUp()
  })
}

/** Lets the namespace go; the kernel deletes it with all that is in it when its last process has left. */
export function deleteNetworkNamespace(path: string): void {
  if (!existsSync(path)) return
  try {
    unmount(path)
  } catch {
    // A reboot has taken the mount already.
  }
  unlinkSync(path)
}

function loopbackUp(): void {
  const [AF_INET, SOCK_DGRAM, SIOCSIFFLAGS, IFF_UP] = [2, 2, 0x8914n, 1]
  const socket = check(libc.socket(AF_INET, SOCK_DGRAM, 0), 'socket')
  const request = Buffer.alloc(40)
  request.write('lo')
  request.writeUInt16LE(IFF_UP, 16)
  try {
    check(libc.ioctl(socket, SIOCSIFFLAGS, request), 'ioctl SIOCSIFFLAGS')
  } finally {
    libc.close(socket)
  }
}
