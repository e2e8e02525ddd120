import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { GalleyError } from '#base/error.ts'
import { Permits } from '#base/permits.ts'
import type { BcryptOrder } from './bcrypt-worker.ts'

/** As `htpasswd -B -C`: 2 to the power of this many rounds. */
const cost = 10
/** Longest password (bytes): bcrypt looks at no more, and what it would cut off must not seem to count. */
const longestPassword = 72
/** Passwords that are being looked at or wait for it; more are turned away, as guesses come in masses. */
const mostWaiting = 16

const permits = new Permits(1)
let waiting = 0

/** A password as it is kept. Throws `invalid` for one that is empty or too long. */
export async function hashPassword(password: string): Promise<string> {
  if (password === '') throw new GalleyError('invalid', 'the password is empty', { code: 'registry.password' })
  if (Buffer.byteLength(password) > longestPassword)
    throw new GalleyError('invalid', `the password is longer than ${longestPassword} bytes`, { code: 'registry.password' })
  return (await run({ type: 'hash', password, cost })) as string
}

/** Whether a password is the one that was hashed. Throws `throttled` when too many are being tried. */
export async function checkPassword(password: string, hash: string): Promise<boolean> {
  if (Buffer.byteLength(password) > longestPassword) return false
  if (waiting >= mostWaiting) throw new GalleyError('throttled', 'too many passwords are being tried', { code: 'registry.passwords' })
  waiting++
  try {
    using _permit = await permits.acquire(new AbortController().signal)
    return (await run({ type: 'check', password, hash })) as boolean
  } finally {
    waiting--
  }
}

async function run(order: BcryptOrder): Promise<unknown> {
  const thread = new Worker(new URL(import.meta.resolve('#registry/access/bcrypt-worker.ts')), { workerData: order })
  const [answer] = (await once(thread, 'message')) as [unknown]
  return answer
}
