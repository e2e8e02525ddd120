import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { GalleyError } from '#base/error.ts'
import { tarBytes, type Given } from '#content/layers/tar-fixture.ts'
import { DiskTree } from './disk-tree.ts'
import { receiveTar } from './receive.ts'
import { digestTree } from './tree.ts'

/** Unpacks an archive; resolves with the digests of its index and of its files, and whether anything was on the disk before. */
async function both(members: readonly Given[], ignore: readonly string[] = []) {
  const directory = mkdtempSync(`${tmpdir()}/galley-arrival-`)
  chmodSync(directory, 0o755)
  try {
    const arrival = await receiveTar(Readable.from([tarBytes(...members)]), directory)
    const tree = arrival.tree(ignore)
    const [index, early] = [digestTree(tree, ''), readdirSync(directory)]
    const files = digestTree(new DiskTree(await tree.files(), { owners: false }), '')
    return { index, files, early, names: readdirSync(directory).toSorted() }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('small files wait in memory, and are put down as their index says', async () => {
  const members: Given[] = [
    { type: 'directory', path: 'd/', mode: 0o700 },
    { path: 'd/file', body: 'x', mode: 0o4755 },
    { path: 'made/on/the/way', body: 'y' },
    { type: 'symlink', path: 'd/link', target: '../made' },
    { type: 'fifo', path: 'pipe' },
    { path: 'ü', body: '' },
  ].map((member) => ({ ...member, path: Buffer.from(member.path, 'utf8').toString('latin1') }) as Given)
  const { index, files, early, names } = await both(members)
  assert.equal(index, files)
  assert.deepEqual(early, [])
  assert.deepEqual(names, ['d', 'made', 'pipe', 'ü'])
})

test('what is ignored is in neither, but for what leads to something that is not', async () => {
  const members = [{ path: 'a/b/kept' }, { path: 'a/b/gone' }, { path: 'a/c' }, { path: 'big', body: 'z'.repeat(70_000) }, { path: 'top' }]
  const { index, files, names } = await both(members, ['a', '!a/b/kept', 'big'])
  assert.equal(index, files)
  assert.deepEqual(names, ['a', 'top'])
})

test('whatever the order and kind of its members, an archive’s index is what its files are', async () => {
  const path = fc.array(fc.constantFrom('a', 'b', '.', '..'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
  const member = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ path, body: fc.constantFrom('', 'one', 'z'.repeat(66_000)), mode: fc.constantFrom(0o644, 0o755) }),
    },
    { weight: 2, arbitrary: path.map((at): Given => ({ type: 'directory', path: `${at}/` })) },
    fc.record({ type: fc.constant('symlink' as const), path, target: fc.constantFrom('a', '../b', '/a/b') }),
    fc.record({ type: fc.constant('link' as const), path, target: fc.constantFrom('a', 'a/b') }),
  )
  let unpacked = 0
  await fc.assert(
    fc.asyncProperty(fc.array(member, { maxLength: 6 }), async (members) => {
      const found = await both(members).catch((error: unknown) => error)
      // What can't be unpacked is refused, one way or the other.
      if (found instanceof Error) assert.ok(found instanceof GalleyError, String(found))
      else assert.equal(...(Object.values(found as object).slice(0, 2) as [string, string]))
      unpacked += found instanceof Error ? 0 : 1
    }),
    { numRuns: 300 },
  )
  assert.ok(unpacked > 30, String(unpacked))
})

test('a file is read through links of the archive, and none outside it', async () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-arrival-`)
  try {
    const members: Given[] = [
      { path: 'real/file', body: 'inside' },
      { path: 'real/big', body: 'z'.repeat(70_000) },
      { type: 'symlink', path: 'link', target: '../../real/file' },
      { type: 'symlink', path: 'out', target: '/etc/passwd' },
    ]
    const arrival = await receiveTar(Readable.from([tarBytes(...members)]), directory)
    assert.deepEqual(
      [arrival.read('link'), arrival.read('out'), arrival.read('real'), arrival.read('none')],
      ['inside', undefined, undefined, undefined],
    )
    assert.equal(arrival.read('real/big')?.length, 70_000)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('files that wait in memory are put down no further when the build is over', async () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-arrival-`)
  try {
    const over = new AbortController()
    const members = Array.from({ length: 1000 }, (_, index) => ({ path: `f${index}` }))
    const arrival = await receiveTar(Readable.from([tarBytes(...members)]), directory, over.signal)
    over.abort(new Error('over'))
    await assert.rejects(arrival.tree([]).files(), /over/)
    assert.ok(readdirSync(directory).length < 300)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('only what is asked for is put down, with the directories that lead there, whose times are kept whatever follows', async () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-arrival-`)
  try {
    const members: Given[] = [
      { type: 'directory', path: 'd/', mode: 0o750, mtime: 1000 },
      { type: 'directory', path: 'd/one/', mode: 0o700, mtime: 2000 },
      ...['d/one/x', 'd/one/y', 'd/two', 'other', 'gone/z'].map((path) => ({ path, body: path, mtime: 3000 })),
    ]
    const arrival = await receiveTar(Readable.from([tarBytes(...members)]), directory)
    const tree = arrival.tree(['gone'])
    const names = (): string[] => readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
    assert.equal(await tree.files(['d/one/x']), directory)
    assert.deepEqual(names(), ['d', 'd/one', 'd/one/x'])
    await Promise.all([tree.files(['d/one/y']), tree.files(['d/two', 'gone', 'none'])])
    assert.deepEqual(names(), ['d', 'd/one', 'd/one/x', 'd/one/y', 'd/two'])
    for (const [path, mode, seconds] of [
      ['d', 0o750, 1000],
      ['d/one', 0o700, 2000],
      ['d/two', 0o644, 3000],
    ] as const) {
      const stat = statSync(`${directory}/${path}`)
      assert.deepEqual([stat.mode & 0o777, stat.mtimeMs], [mode, seconds * 1000], path)
    }
    const inode = statSync(`${directory}/d/one/x`).ino
    await tree.files()
    assert.deepEqual(names(), ['d', 'd/one', 'd/one/x', 'd/one/y', 'd/two', 'other'])
    assert.equal(statSync(`${directory}/d/one/x`).ino, inode, 'a file that is there is left alone, as a layer may share it')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('a hundred thousand files take a hundred bytes each and their names', async () => {
  const count = 100_000
  const archive = function* (): Generator<Buffer> {
    for (let at = 0; at < count; at += 1000)
      yield tarBytes(
        ...Array.from({ length: 1000 }, (_, index) => ({ path: `some/directory/${at / 1000}/file-${index}`, body: '' })),
      ).subarray(0, 1000 * 512)
    yield Buffer.alloc(1024)
  }
  const directory = mkdtempSync(`${tmpdir()}/galley-arrival-`)
  try {
    const used = (): number => {
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    }
    gc()
    const before = used()
    const arrival = await receiveTar(Readable.from(archive()), directory)
    gc()
    const bytes = (used() - before) / count
    assert.ok(bytes < 250, `${bytes} bytes each`)
    assert.equal(arrival.tree([]).names('some/directory/99').length, 1000)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

/** The collector, which tests get without an option of the process. */
function gc(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}
