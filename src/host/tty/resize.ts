import { bind, check } from '#host/kernel/library.ts'

const libc = bind({
  ioctl: { arguments: ['i32', 'u64', 'buffer'], return: 'i32' },
  fcntl: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
})

const TIOCSWINSZ = 0x5414n

/** Sets a terminal's size in characters; the foreground process gets SIGWINCH. */
export function resizeTerminal(fd: number, rows: number, columns: number): void {
  const size = Buffer.alloc(8)
  size.writeUInt16LE(rows, 0)
  size.writeUInt16LE(columns, 2)
  check(libc.ioctl(fd, TIOCSWINSZ, size), 'ioctl TIOCSWINSZ')
}

/** Another descriptor of the same terminal, to be closed on its own; no program that is started has it. */
export function duplicate(fd: number): number {
  const F_DUPFD_CLOEXEC = 1030
  return check(libc.fcntl(fd, F_DUPFD_CLOEXEC, 0), 'fcntl')
}
