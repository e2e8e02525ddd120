import { keyOf } from './check.ts'
import type { Change, Entry, Revision, Transaction, Write } from './store.ts'

export interface Decision {
  readonly succeeded: boolean
  /** What changes at the revision handed in; nothing means that no revision is used up. */
  readonly changes: readonly Change[]
}

/** What a transaction does to the state that `current` reads, if it happens at `revision`. Pure. */
export function decide(change: Transaction, current: (key: string) => Entry | undefined, revision: Revision): Decision {
  const succeeded = (change.when ?? []).every(({ key, modified }) => (current(key)?.modified ?? 0) === modified)
  const writes = succeeded ? change.then : (change.otherwise ?? [])
  return { succeeded, changes: writes.flatMap((write) => changeOf(write, current(keyOf(write)), revision)) }
}

function changeOf(write: Write, old: Entry | undefined, revision: Revision): Change[] {
  if ('put' in write) {
    return [{ type: 'put', entry: { key: write.put, value: write.value, created: old?.created ?? revision, modified: revision } }]
  }
  return old === undefined ? [] : [{ type: 'delete', key: write.delete, revision }]
}

/** The key and the revision that a change is about. */
export function placeOf(change: Change): { readonly key: string; readonly revision: Revision } {
  return change.type === 'put' ? { key: change.entry.key, revision: change.entry.modified } : change
}
