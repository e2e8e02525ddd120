import { bind, check } from '#host/kernel/library.ts'

const libc = bind({ ioctl: { arguments: ['i32', 'u64', 'buffer'], return: 'i32' }, dup: { arguments: ['i32'], return: 'i32' } })

const TIOCSWINSZ = 0x5414n

/** Sets a terminal's size in characters; the foreground process gets SIGWINCH. */
export function resizeTerminal(fd: number, rows: number, columns: number): void {
  const size = Buffer.alloc(8)
  size.writeUInt16LE(rows, 0)
  size.writeUInt16LE(columns, 2)
  check(libc.ioctl(fd, TIOCSWINSZ, size), 'ioctl TIOCSWINSZ')
}

/** dup(2): another descriptor of the same terminal, to be closed on its own. */
export function duplicate(fd: number): number {
  return check(libc.dup(fd), 'dup')
}
