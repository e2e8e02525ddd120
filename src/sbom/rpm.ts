import { DatabaseSync } from 'node:sqlite'
import type { Cataloguer, FoundPackage, ScannedFile } from './model.ts'
import { headersInNdb } from './rpm-ndb.ts'
import { packageOf } from './rpm-header.ts'

const place = /^(usr\/lib\/sysimage|var\/lib)\/rpm\//
const largest = 512 << 20

/** RPM's database in SQLite, as Fedora, RHEL 9 and their like have it. */
export const rpm: Cataloguer = {
  largest,
  matches: (path) => place.test(path) && path.endsWith('/rpmdb.sqlite'),
  packages: (file) => packagesIn(file, headersInSqlite(file.read())),
}

/** The same in RPM's own form, as SUSE has it. */
export const rpmOfSuse: Cataloguer = {
  largest,
  matches: (path) => place.test(path) && path.endsWith('/Packages.db'),
  packages: (file) => packagesIn(file, headersInNdb(file.read())),
}

/** What of RPM's is not read, with why; undefined for any other file. */
export function unreadRpm({ path, size }: ScannedFile): string | undefined {
  if (!place.test(path)) return undefined
  if (path.endsWith('/Packages')) return "RPM's databases in Berkeley DB are not read"
  return path.endsWith('/rpmdb.sqlite-wal') && size > 0 ? 'changes that are not in the database yet are not read' : undefined
}

function packagesIn({ path }: ScannedFile, headers: Iterable<Uint8Array>): FoundPackage[] {
  return [...headers].flatMap((header) => packageOf(Buffer.from(header), path))
}

/** Bytes of the file's head that say that a log goes with it (SQLite, File Format, 1.3): without one, none is looked for. */
const modes = [18, 19]
const rollback = 1

function headersInSqlite(bytes: Buffer): Uint8Array[] {
  for (const at of modes) bytes[at] = rollback
  using database = new DatabaseSync(':memory:')
  database.deserialize(bytes)
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
  // Of an image that anybody made: a view of this name could keep the processor busy for ever.
  const table = database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'Packages' AND type = 'table'").get()
  if (table === undefined || !/^CREATE TABLE\b/i.test(String(table['sql']))) return []
  const rows = database.prepare('SELECT blob FROM Packages ORDER BY hnum').all()
  return rows.flatMap(({ blob }) => (blob instanceof Uint8Array ? [blob] : []))
}
