import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { GalleyError, makeRoom, messageOf } from '#base/error.ts'
import { placeOf } from '../decide.ts'
import { prefixEnd } from '../key-order.ts'
import type { Change, Entry, Revision } from '../store.ts'

/** Layout of the tables, kept in `user_version`. */
const layout = 1

/**
 * `cur` is the state now, `log` every change since the compacted revision and, older than that, the last put of each key that
 * still held then. A put in `log` has a value, a delete has none.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS cur(
    key TEXT PRIMARY KEY, value TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS log(revision INTEGER NOT NULL, key TEXT NOT NULL, op TEXT NOT NULL, value TEXT, created INTEGER);
  CREATE UNIQUE INDEX IF NOT EXISTS log_key ON log(key, revision);
  CREATE INDEX IF NOT EXISTS log_revision ON log(revision);
  CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  PRAGMA user_version = ${layout};
`

interface LogRow {
  readonly revision: number
  readonly key: string
  readonly op: 'put' | 'delete'
  readonly value: string
  readonly created: number
}

/** Sorts after every text: SQLite orders blobs behind texts. (An empty one would be bound as NULL.) */
const noEnd = new Uint8Array(1)

/** The statements, prepared once. Everything here is synchronous and knows nothing of transactions. */
export class Tables implements Disposable {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #statements

  /** Opens or makes the file, for this process alone. Throws `conflict` when another one has it, `internal` when it is damaged. */
  constructor(path: string) {
    this.#path = path
    this.#db = openDatabase(path)
    this.#statements = prepare(this.#db)
  }

  /** The newest revision, and the one that was compacted to. Compacting can remove the newest change, when that is a delete. */
  revisions(): { readonly revision: Revision; readonly compacted: Revision } {
    const { compacted, newest } = this.#statements.revisions.get() as { compacted: number; newest: number }
    return { revision: Math.max(newest, compacted), compacted }
  }

  get(key: string): Entry | undefined {
    return entryOfRow(this.#statements.get.get(key))
  }

  getAt(key: string, at: Revision): Entry | undefined {
    return entryOfRow(this.#statements.getAt.get(key, at))
  }

  list(prefix: string): Entry[] {
    return this.#statements.list.all(prefix, prefixEnd(prefix) ?? noEnd).map((row) => entryOfRow(row) as Entry) // a row each
  }

  listAt(prefix: string, at: Revision): Entry[] {
    return this.#statements.listAt.all(at, prefix, prefixEnd(prefix) ?? noEnd).map((row) => entryOfRow(row) as Entry) // a row each
  }

  changes(prefix: string, after: Revision, upTo: Revision): Change[] {
    const rows = this.#statements.changes.all(after, upTo) as unknown as LogRow[]
    return rows.filter((row) => row.key.startsWith(prefix)).map(changeOfRow)
  }

  apply(change: Change): void {
    const { key, revision } = placeOf(change)
    if (change.type === 'put') {
      const { value, created } = change.entry
      this.#statements.put.run(key, value, created, revision)
      this.#statements.record.run(revision, key, 'put', value, created)
    } else {
      this.#statements.delete.run(key)
      this.#statements.record.run(revision, key, 'delete', null, null)
    }
  }

  compact(revision: Revision): void {
    this.#statements.dropSuperseded.run(revision, revision)
    this.#statements.dropDeletes.run(revision)
    this.#statements.setCompacted.run(revision)
  }

  /** Runs `work` in one transaction, which is on disk when this returns and without a trace when it throws. */
  durably<Result>(work: () => Result): Result {
    this.#statements.begin.run()
    try {
      const result = work()
      this.#statements.commit.run()
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#statements.rollback.run()
      if (isFull(error)) throw this.diskFull(error)
      throw new GalleyError('unavailable', `can't write the store: ${messageOf(error)}`, { code: 'store.write-failed', cause: error })
    }
  }

  /** What is thrown for a write that the disk has no room for. */
  diskFull(cause?: unknown): GalleyError {
    return new GalleyError('unavailable', `the disk with ${dirname(this.#path)} is full`, {
      code: 'disk.full',
      subject: this.#path,
      advice: makeRoom,
      cause,
    })
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}

function openDatabase(path: string): DatabaseSync {
  // Values hold secrets, such as containers' environments: the file and the WAL beside it, which takes its mode, are for the owner alone.
  closeSync(openSync(path, 'a', 0o600))
  const db = new DatabaseSync(path)
  try {
    // Exclusive before WAL: a second process is refused, and there is no shared-memory file. Revisions are counted in this process.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const found = db.prepare('PRAGMA user_version').get() as { user_version: number }
    if (found.user_version > layout) {
      throw new GalleyError('invalid', `${path} was written by a newer Galley`, { code: 'store.newer', subject: path })
    }
    // Only then: a full disk, which a daemon is needed to clear, has no room even for what changes nothing.
    if (found.user_version !== layout) db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`)
    return db
  } catch (error) {
    db.close()
    if (isDamaged(error)) throw damaged(path, error)
    if (!isBusy(error)) throw error
    throw new GalleyError('conflict', `${path} is in use by another process`, { code: 'store.in-use', subject: path, cause: error })
  }
}

function prepare(db: DatabaseSync) {
  const columns = 'key, value, created'
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    revisions: db.prepare(`
      SELECT coalesce((SELECT max(revision) FROM log), 0) AS newest,
        coalesce((SELECT value FROM meta WHERE name = 'compacted'), 0) AS compacted`),
    get: db.prepare(`SELECT ${columns}, modified FROM cur WHERE key = ?`),
    list: db.prepare(`SELECT ${columns}, modified FROM cur WHERE key >= ? AND key < ? ORDER BY key`),
    getAt: db.prepare(`
      SELECT ${columns}, revision AS modified FROM
        (SELECT * FROM log WHERE key = ? AND revision <= ? ORDER BY revision DESC LIMIT 1)
      WHERE op = 'put'`),
    // SQLite takes the other columns from the row that has the max().
    listAt: db.prepare(`
      SELECT ${columns}, modified FROM
        (SELECT *, max(revision) AS modified FROM log WHERE revision <= ? AND key >= ? AND key < ? GROUP BY key)
      WHERE op = 'put' ORDER BY key`),
    changes: db.prepare('SELECT * FROM log WHERE revision > ? AND revision <= ? ORDER BY revision, rowid'),
    put: db.prepare('INSERT OR REPLACE INTO cur(key, value, created, modified) VALUES (?, ?, ?, ?)'),
    delete: db.prepare('DELETE FROM cur WHERE key = ?'),
    record: db.prepare('INSERT INTO log(revision, key, op, value, created) VALUES (?, ?, ?, ?, ?)'),
    dropSuperseded: db.prepare(`
      DELETE FROM log WHERE revision <= ? AND EXISTS
        (SELECT 1 FROM log AS later WHERE later.key = log.key AND later.revision > log.revision AND later.revision <= ?)`),
    dropDeletes: db.prepare(`DELETE FROM log WHERE revision <= ? AND op = 'delete'`),
    setCompacted: db.prepare(`INSERT OR REPLACE INTO meta(name, value) VALUES ('compacted', ?)`),
  }
}

/** A plain object: the driver's rows have no prototype, which comparisons in tests mind. */
function entryOfRow(row: object | undefined): Entry | undefined {
  if (row === undefined) return undefined
  const { key, value, created, modified } = row as Entry
  return { key, value, created, modified }
}

function changeOfRow({ op, key, revision, value, created }: LogRow): Change {
  return op === 'put' ? { type: 'put', entry: { key, value, created, modified: revision } } : { type: 'delete', key, revision }
}

/** `SQLITE_FULL`. */
function isFull(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 13
}

/** `SQLITE_CORRUPT` and `SQLITE_NOTADB`. */
function isDamaged(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (error.errcode === 11 || error.errcode === 26)
}

function damaged(path: string, cause: unknown): GalleyError {
  return new GalleyError('internal', `${path} is damaged: ${messageOf(cause)}`, {
    code: 'store.damaged',
    subject: path,
    advice: `Put a backup of it in its place; without one, move it and what is called like it away (mv ${path} ${path}.damaged): the daemon begins anew, and volumes keep their files.`,
    cause,
  })
}

/** `SQLITE_BUSY`: https://sqlite.org/rescode.html#busy */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}
