import { bind, check } from './library.ts'

const libc = bind({
  mkfifo: { arguments: ['string', 'u32'], return: 'i32' },
  fcntl: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
})

/** mkfifo(3), readable and writable by root alone. */
export function makeFifo(path: string): void {
  check(libc.mkfifo(path, 0o600), 'mkfifo', path)
}

/**
 * Lets a pipe hold 1 MiB, the most that is granted by default (pipe(7), pipe-max-size), in place of 64 KiB. Memory is taken
 * only as it fills. Where the limit is lower, the pipe stays as it is.
 */
export function enlargePipe(fd: number): void {
  const F_SETPIPE_SZ = 1031
  libc.fcntl(fd, F_SETPIPE_SZ, 1 << 20)
}
