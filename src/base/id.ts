import { randomBytes } from 'node:crypto'

/** 64 lower-case hexadecimal digits, as Docker identifies containers, networks and exec sessions. */
export function newId(): string {
  return randomBytes(32).toString('hex')
}

/** The first 12 digits, as clients show them. */
export function shortId(id: string): string {
  return id.slice(0, 12)
}
