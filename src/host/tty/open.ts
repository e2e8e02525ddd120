import { constants, openSync } from 'node:fs'
import { bind, check } from '#host/kernel/library.ts'

const libc = bind({ ioctl: { arguments: ['i32', 'u64', 'buffer'], return: 'i32' } })

const [TIOCGPTN, TIOCSPTLCK] = [0x80045430n, 0x40045431n]

/** Makes a pseudo-terminal (pty(7)): the descriptor of its controlling side, and the path of the other one. */
export function openTerminal(): { readonly fd: number; readonly path: string } {
  const fd = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY)
  const number = Buffer.alloc(4)
  check(libc.ioctl(fd, TIOCSPTLCK, number), 'ioctl TIOCSPTLCK')
  check(libc.ioctl(fd, TIOCGPTN, number), 'ioctl TIOCGPTN')
  return { fd, path: `/dev/pts/${number.readUInt32LE(0)}` }
}
