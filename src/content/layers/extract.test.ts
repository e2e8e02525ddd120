import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { digestOf } from '#base/digest.ts'
import { GalleyError, kindOf } from '#base/error.ts'
import { attribute } from '#host/files/attributes.ts'
import { extractLayer, generous, type Limits } from './extract.ts'
import { memberBytes, paxBytes, tarBytes, withTypeFlag, type Given } from './tar-fixture.ts'

let home = ''
let root = ''

beforeEach(() => {
  home = mkdtempSync(`${tmpdir()}/galley-extract-`)
  root = `${home}/root`
  mkdirSync(root)
  mkdirSync(`${home}/outside`, { mode: 0o700 })
  writeFileSync(`${home}/outside/file`, 'host')
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

async function* stream(bytes: Buffer, size = 700): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function extract(bytes: Buffer, limits: Limits = generous): Promise<{ diffId: string; size: number }> {
  return extractLayer(stream(bytes), root, { limits })
}

/** Unpacks it, or not; in any case the host's files stay as they are. */
async function staysInside(...members: readonly (Given | Buffer)[]): Promise<GalleyError | undefined> {
  let failure: unknown
  await extract(tarBytes(...members)).catch((error: unknown) => (failure = error))
  assert.deepEqual(readdirSync(home).toSorted(), ['outside', 'root'])
  assert.deepEqual(readdirSync(`${home}/outside`), ['file'])
  assert.equal(readFileSync(`${home}/outside/file`, 'utf8'), 'host')
  assert.equal(statSync(`${home}/outside`).mode & 0o777, 0o700)
  assert.equal(statSync(`${home}/outside/file`).nlink, 1)
  if (failure === undefined) return undefined
  assert.ok(failure instanceof GalleyError, String(failure))
  return failure
}

const refused = { kind: 'invalid' } as const

test('names that climb are refused', async () => {
  for (const path of ['../evil', 'a/../../evil', '/../evil', '..', 'a/..'])
    assert.equal((await staysInside({ path, body: 'x' }))?.kind, 'invalid', path)
})

test('absolute names and links are taken from the root of the layer', async () => {
  const up = '../'.repeat(20)
  assert.equal(await staysInside({ path: `${home}/outside/file`, body: 'x' }), undefined)
  assert.equal(await staysInside({ path: 'up', type: 'symlink', target: up }, { path: 'up/evil', body: 'x' }), undefined)
  assert.equal(readFileSync(`${root}/evil`, 'utf8'), 'x')
  await staysInside({ path: 'link', type: 'symlink', target: `${home}/outside` }, { path: 'link/file', body: 'x' })
})

test('a hard link never leads to a file of the host, nor through a link to one', async () => {
  const target = `${home}/outside/file`
  assert.equal((await staysInside({ path: 'hard', type: 'link', target }))?.kind, 'invalid')
  assert.equal((await staysInside({ path: 'hard', type: 'link', target: `../outside/file` }))?.kind, 'invalid')
  const through = await staysInside(
    { path: 'dir', type: 'symlink', target: `${home}/outside` },
    { path: 'hard', type: 'link', target: 'dir/file' },
    { path: 'hard', body: 'overwritten' },
  )
  assert.equal(through?.kind, 'invalid')
})

test('owner and mode of a directory never reach what a link in its place pointed to', async () => {
  const failure = await staysInside(
    { path: 'dir', type: 'symlink', target: `${home}/outside` },
    { path: 'dir', type: 'directory', mode: 0o777, uid: 1000 },
    { path: 'dir/file', body: 'inside' },
  )
  assert.equal(failure, undefined)
  assert.equal(readFileSync(`${root}/dir/file`, 'utf8'), 'inside')
})

test('a whiteout hides what lies below, and nothing else', async () => {
  for (const path of ['.wh...', '.wh..', 'a/.wh...', '.wh.']) assert.equal((await staysInside({ path }))?.kind, 'invalid', path)
  await extract(
    tarBytes(
      { path: 'both', body: 'kept' },
      { path: '.wh.both' },
      { path: '.wh.gone' },
      { path: '.wh.dir' },
      { path: 'dir', type: 'directory' },
      { path: 'dir/new' },
    ),
  )
  assert.equal(readFileSync(`${root}/both`, 'utf8'), 'kept')
  assert.equal(lstatSync(`${root}/gone`).rdev, 0)
  assert.equal(attribute(Buffer.from(`${root}/dir`), 'trusted.overlay.opaque')?.toString(), 'y')
})

test("overlayfs's own attributes and devices are refused", async () => {
  const xattrs = new Map([['trusted.overlay.redirect', Buffer.from('/etc')]])
  await assert.rejects(extract(tarBytes({ path: 'a', xattrs })), { ...refused, code: 'layer.attribute' })
  await assert.rejects(extract(tarBytes({ path: 'etc', type: 'character', major: 0, minor: 0 })), { ...refused, code: 'layer.whiteout' })
})

test('of two members of one name the later one counts, whatever they are', async () => {
  await extract(
    tarBytes(
      { path: 'a', body: 'first' },
      { path: 'b', type: 'link', target: 'a' },
      { path: 'a', type: 'directory' },
      { path: 'a/in', body: 'in' },
      { path: 'c', type: 'directory' },
      { path: 'c/in', body: 'in' },
      { path: 'c', type: 'symlink', target: 'a' },
      { path: 'c/more', body: 'through' },
    ),
  )
  assert.equal(readFileSync(`${root}/b`, 'utf8'), 'first')
  assert.deepEqual(readdirSync(`${root}/a`), ['in', 'more'])
})

test('sizes that lie end in an error', async () => {
  for (const size of ['-1', '9007199254740993', 'x', '1e99'])
    await assert.rejects(extract(tarBytes(paxBytes({ size }), { path: 'a', body: 'x' })), refused, size)
  await assert.rejects(extract(tarBytes(paxBytes({ size: '100000' }), { path: 'a', body: 'x' })), { code: 'tar.truncated' })
  await assert.rejects(
    extract(tarBytes(paxBytes({ 'GNU.sparse.map': '0,5,3,5', 'GNU.sparse.size': '10' }), { path: 'a', body: '0123456789' })),
    refused,
  )
  const pieces = { 'GNU.sparse.map': '0,5', 'GNU.sparse.size': '9999999999999999999' }
  await assert.rejects(extract(tarBytes(paxBytes(pieces), { path: 'a', body: '01234' })), refused)
})

test('ids beyond 32 bits are refused, as they would come out as others', async () => {
  for (const uid of ['4294967295', '4294967296', '-1'])
    await assert.rejects(extract(tarBytes(paxBytes({ uid }), { path: 'a' })), refused, uid)
})

test('what unpacks to too much is stopped', async () => {
  const bomb = gzipSync(tarBytes({ path: 'zeros', body: Buffer.alloc(8 << 20) }))
  await assert.rejects(extract(bomb, { entries: 10, bytes: 1 << 20 }), { kind: 'too large', code: 'layer.bytes' })
  const many = tarBytes(...Array.from({ length: 11 }, (_, index) => ({ path: `f${index}` })))
  await assert.rejects(extract(many, { entries: 10, bytes: 1 << 20 }), { kind: 'too large', code: 'layer.entries' })
  const names = withTypeFlag(memberBytes({ path: 'long', body: Buffer.alloc(2 << 20, 'x') }), 'L')
  await assert.rejects(extract(Buffer.concat([names, tarBytes({ path: 'a' })])), { kind: 'too large' })
})

test('the digest is that of the plain archive, however it came', async () => {
  const plain = tarBytes({ path: 'a', body: 'x'.repeat(5000) })
  for (const bytes of [plain, gzipSync(plain)]) {
    const { diffId, size } = await extract(bytes)
    assert.equal(diffId, digestOf(plain))
    assert.equal(size, 5000)
  }
})

test("GNU tar's four sparse forms keep holes and content", async () => {
  const fd = openSync(`${home}/outside/sparse`, 'w')
  // More pieces than the old form's first header has room for.
  for (let piece = 0; piece < 40; piece++) writeSync(fd, Buffer.alloc(4096, 65 + piece), 0, 4096, piece * (1 << 20))
  writeSync(fd, 'end', 64 << 20)
  closeSync(fd)
  for (const format of [
    '--format=gnu',
    '--format=pax --sparse-version=0.0',
    '--format=pax --sparse-version=0.1',
    '--format=pax --sparse-version=1.0',
  ]) {
    const bytes = execFileSync('tar', ['-C', `${home}/outside`, '-S', ...format.split(' '), '-cf', '-', 'sparse'], { maxBuffer: 1 << 28 })
    assert.ok(bytes.length < 1 << 20, format)
    await extract(bytes)
    assert.ok(readFileSync(`${root}/sparse`).equals(readFileSync(`${home}/outside/sparse`)), format)
    assert.ok(lstatSync(`${root}/sparse`).blocks < 2000, format)
  }
})

test('names that are not UTF-8 are kept byte for byte', async () => {
  await extract(tarBytes({ path: 'caf\xe9', body: 'x' }, { path: 'link', type: 'symlink', target: 'caf\xe9' }))
  assert.deepEqual(readdirSync(root, 'latin1').toSorted(), ['caf\xe9', 'link'])
  assert.equal(readFileSync(`${root}/link`, 'utf8'), 'x')
})

test('a damaged archive is refused in words of our own, and leaves the host alone', async () => {
  const sound = tarBytes(
    { path: 'dir', type: 'directory' },
    { path: 'dir/file', body: 'x'.repeat(600) },
    { path: 'link', type: 'symlink', target: '../../outside' },
    { path: 'n'.repeat(150), body: 'long' },
    { path: 'hard', type: 'link', target: 'dir/file' },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(sound.length),
      async (hits, cut) => {
        const bytes = Buffer.from(sound)
        for (const [at, value] of hits) bytes[at] = value
        rmSync(root, { recursive: true })
        mkdirSync(root)
        const failure = await extract(cut % 2 === 0 ? bytes : bytes.subarray(0, cut)).catch((error: unknown) => error)
        if (failure instanceof Error) assert.notEqual(kindOf(failure), 'internal', failure.stack ?? '')
        assert.deepEqual(readdirSync(`${home}/outside`), ['file'])
        assert.ok(!existsSync(`${home}/evil`))
      },
    ),
    { numRuns: 300 },
  )
})
