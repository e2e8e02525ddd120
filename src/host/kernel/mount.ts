import { bind, check } from './library.ts'

const libc = bind({
  mount: { arguments: ['string', 'string', 'string', 'u64', 'string'], return: 'i32' },
  umount2: { arguments: ['string', 'i32'], return: 'i32' },
})

/** Flags of mount(2). */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REMOUNT: 32,
  BIND: 4096,
  REC: 16384,
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
} as const

/** mount(2). `data` is the file system's own option string. Throws `SystemCallError`. */
// oxlint-disable-next-line max-params -- the system call's own
export function mount(source: string, target: string, type: string, flags = 0, data = ''): void {
  check(libc.mount(source, target, type, BigInt(flags), data), 'mount', target)
}

/** umount2(2), lazily: the tree goes from sight at once and from the kernel when its last user goes. */
export function unmount(target: string): void {
  const MNT_DETACH = 2
  check(libc.umount2(target, MNT_DETACH), 'umount2', target)
}
