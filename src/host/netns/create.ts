import { closeSync, existsSync, openSync, unlinkSync } from 'node:fs'
import { MS, mount, unmount } from '#host/kernel/mount.ts'
import { CLONE, insideNamespace, unshare } from '#host/kernel/namespace.ts'
import { setUp } from '#host/link/link.ts'
import { RouteSocket } from '#host/link/route-socket.ts'
import { setIPv6 } from './ipv6.ts'

/**
 * Makes a network namespace with its loopback up, whose other interfaces have no IPv6 unless they are given it (CVE-2024-32473), and
 * keeps it alive by a mount on `path` as `ip netns` does.
 */
export function createNetworkNamespace(path: string): void {
  closeSync(openSync(path, 'wx', 0o600))
  try {
    insideNamespace(
      CLONE.NEWNET,
      () => unshare(CLONE.NEWNET),
      () => {
        using socket = new RouteSocket()
        setUp(socket, 'lo')
        setIPv6('default', false)
        mount('/proc/thread-self/ns/net', path, 'none', MS.BIND)
      },
    )
  } catch (error) {
    unlinkSync(path)
    throw error
  }
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
