import { bind, check } from './library.ts'

const libc = bind({ mkfifo: { arguments: ['string', 'u32'], return: 'i32' } })

/** mkfifo(3), readable and writable by root alone. */
export function makeFifo(path: string): void {
  check(libc.mkfifo(path, 0o600), 'mkfifo', path)
}
