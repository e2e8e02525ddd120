import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { test, type TestContext } from 'node:test'
import type { FoundPackage, ScannedFile } from './model.ts'
import { scan } from './scan.ts'
import { spdxOf } from './spdx.ts'

/** RPM's databases, made by rpm itself. */
function fileOf(path: string, bytes: Buffer): ScannedFile {
  return { path, size: bytes.length, read: (start = 0, length = bytes.length) => Buffer.from(bytes.subarray(start, start + length)) }
}

function directory(t: TestContext): string {
  const path = mkdtempSync(`${tmpdir()}/galley-rpm-`)
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

/** A database with one package, in SQLite; undefined where rpm is not installed. */
function database(home: string): Buffer | undefined {
  writeFileSync(
    `${home}/p.spec`,
    'Name: hello\nEpoch: 2\nVersion: 1.0\nRelease: 3\nSummary: s\nLicense: MIT\nVendor: Some Vendor\nBuildArch: noarch\n%description\nd\n%files\n',
  )
  const run = (program: string, ...args: string[]) =>
    spawnSync(program, args, { env: { PATH: process.env['PATH'] ?? '', HOME: home }, encoding: 'utf8' })
  const built = run('rpmbuild', '-bb', '--define', `_topdir ${home}/top`, `${home}/p.spec`)
  if (built.error !== undefined) return undefined
  assert.equal(built.status, 0, built.stderr)
  mkdirSync(`${home}/db`)
  const into = ['--define', '_db_backend sqlite', '--dbpath', `${home}/db`]
  const package_ = `${home}/top/RPMS/noarch/hello-1.0-3.noarch.rpm`
  for (const args of [['--initdb'], ['--install', '--justdb', '--nodeps', '--noscripts', package_]]) {
    const { status, stderr } = run('rpm', ...into, ...args)
    assert.equal(status, 0, stderr)
  }
  return readFileSync(`${home}/db/rpmdb.sqlite`)
}

const expected: FoundPackage = {
  type: 'rpm',
  name: 'hello',
  version: '1.0-3',
  epoch: '2',
  license: 'MIT',
  architecture: 'noarch',
  source: 'hello-1.0-3.src.rpm',
  maintainer: 'Some Vendor',
  path: '',
}

test('packages are read from RPM’s database in SQLite', async (t) => {
  const bytes = database(directory(t))
  if (bytes === undefined) return t.skip('rpm is not installed')
  const path = 'usr/lib/sysimage/rpm/rpmdb.sqlite'
  const system = fileOf('etc/os-release', Buffer.from('ID=fedora\nVERSION_ID=40\n'))
  const result = await scan([system, fileOf(path, bytes)])
  assert.deepEqual(result.packages, [{ ...expected, path }])
  assert.deepEqual(result.leftOut, [])
  const document = JSON.stringify(spdxOf(result, { name: 'i', created: 0, tool: 't', origin: (text) => text }))
  assert.match(document, /pkg:rpm\/fedora\/hello@1\.0-3\?arch=noarch&distro=fedora-40&epoch=2&upstream=hello-1\.0-3\.src\.rpm"/)
})

/** Debian's rpm does not write this form: a table of places, in which one is free, and what lies there. */
function ownForm(header: Uint8Array): Buffer {
  const bytes = Buffer.alloc(2 * 4096 + 16 + header.length)
  bytes.write('RpmP', 0)
  bytes.writeUInt32LE(1, 12)
  bytes.writeUInt32LE(2, 16)
  const [free, taken, blob] = [32, 48, 4096]
  bytes.write('Slot', free)
  bytes.write('Slot', taken)
  for (const [index, number] of [1, blob / 16, Math.ceil(header.length / 16) + 2].entries())
    bytes.writeUInt32LE(number, taken + 4 + index * 4)
  bytes.write('BlbS', blob)
  for (const [index, number] of [1, 1, header.length].entries()) bytes.writeUInt32LE(number, blob + 4 + index * 4)
  bytes.set(header, blob + 16)
  return bytes
}

test('packages are read from RPM’s database in its own form', async (t) => {
  const home = directory(t)
  if (database(home) === undefined) return t.skip('rpm is not installed')
  using written = new DatabaseSync(`${home}/db/rpmdb.sqlite`)
  const blob = written.prepare('SELECT blob FROM Packages').get()?.['blob']
  assert.ok(blob instanceof Uint8Array)
  const path = 'usr/lib/sysimage/rpm/Packages.db'
  const bytes = ownForm(blob)
  assert.deepEqual((await scan([fileOf(path, bytes)])).packages, [{ ...expected, path }])
  for (let length = 0; length < bytes.length; length += 61) await scan([fileOf(path, bytes.subarray(0, length))])
})

test('a database that anybody made tells nothing, and keeps nobody busy', async (t) => {
  const home = directory(t)
  const path = 'var/lib/rpm/rpmdb.sqlite'
  const made = (sql: string): Buffer => {
    rmSync(`${home}/x`, { force: true })
    using own = new DatabaseSync(`${home}/x`)
    own.exec(sql)
    return readFileSync(`${home}/x`)
  }
  const endless =
    "CREATE VIEW Packages AS WITH RECURSIVE n(hnum) AS (SELECT 1 UNION ALL SELECT hnum + 1 FROM n) SELECT hnum, x'00' AS blob FROM n"
  const header = 'CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)'
  for (const sql of [
    endless,
    header,
    `${header}; INSERT INTO Packages VALUES (1, x'ffffffffffffffff'), (2, x''), (3, x'0000000100000000')`,
  ])
    assert.deepEqual(await scan([fileOf(path, made(sql))]), { packages: [], system: undefined, leftOut: [] })
  assert.match((await scan([fileOf(path, Buffer.from('SQLite'))])).leftOut.join(), /var\/lib\/rpm\/rpmdb\.sqlite: /)
  assert.match((await scan([fileOf('var/lib/rpm/Packages', Buffer.from('x'))])).leftOut.join(), /Berkeley DB/)
})
