import { GalleyError } from '#base/error.ts'
import type { Revision, Transaction, Write } from './store.ts'

/** etcd's default limit of a request (`--max-request-bytes`), so that what one store takes the other takes as well. */
const mostBytes = 1.5 * 1024 * 1024

/** The key that is written. */
export function keyOf(write: Write): string {
  return 'put' in write ? write.put : write.delete
}

/** Throws `invalid` or `too large` for a transaction that a store could not keep exactly as it is. */
export function checkTransaction(change: Transaction): void {
  checkWrites(change.then)
  checkWrites(change.otherwise ?? [])
}

/** Throws `expired` or `invalid` unless the state at `at` can still be told. */
export function checkRevision(at: Revision, compacted: Revision, current: Revision): void {
  if (at < compacted) throw expired(at, compacted)
  if (!Number.isSafeInteger(at) || at > current) {
    throw new GalleyError('invalid', `revision ${at} is yet to come: the store is at ${current}`, { code: 'store.future-revision' })
  }
}

export function expired(at: Revision, compacted: Revision): GalleyError {
  return new GalleyError('expired', `revision ${at} was compacted: the oldest is ${compacted}`, {
    code: 'store.compacted',
    advice: 'List again and go on from the revision of that listing.',
  })
}

export function closed(): GalleyError {
  return new GalleyError('unavailable', 'the store is closed', { code: 'store.closed' })
}

function checkWrites(writes: readonly Write[]): void {
  const keys = new Set<string>()
  let bytes = 0
  for (const write of writes) {
    const key = keyOf(write)
    if (key === '' || !storable(key)) throw invalid(key, `invalid key ${JSON.stringify(key)}`)
    if (keys.has(key)) throw invalid(key, `duplicate key ${key} in one transaction`)
    keys.add(key)
    if (!('put' in write)) continue
    if (!storable(write.value)) throw invalid(key, `the value of ${key} is not JSON text`)
    bytes += Buffer.byteLength(write.value)
  }
  if (bytes <= mostBytes) return
  throw new GalleyError('too large', `a transaction of ${bytes} bytes: at most ${mostBytes}`, { code: 'store.too-large' })
}

/** SQLite cuts texts at NUL and replaces lone surrogates. JSON texts escape both. */
function storable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

function invalid(subject: string, message: string): GalleyError {
  return new GalleyError('invalid', message, { code: 'store.invalid', subject })
}
