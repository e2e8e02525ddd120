import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { mount, unmount } from '#host/kernel/mount.ts'
import { replaceFile } from './replace-file.ts'

const skip = process.getuid?.() !== 0 && 'only root may mount and give files away'

function setUp(): { readonly home: string } & Disposable {
  const home = mkdtempSync(`${tmpdir()}/galley-replace-`)
  return { home, [Symbol.dispose]: () => rmSync(home, { recursive: true }) }
}

test('a file has another text, and its owner, its mode and the links to it stay', { skip }, () => {
  using place = setUp()
  const { home } = place
  writeFileSync(`${home}/compose.yaml`, 'old')
  chownSync(`${home}/compose.yaml`, 1234, 1235)
  chmodSync(`${home}/compose.yaml`, 0o640)
  symlinkSync('compose.yaml', `${home}/link`)
  replaceFile(`${home}/link`, 'new')
  assert.equal(readFileSync(`${home}/compose.yaml`, 'utf8'), 'new')
  const { uid, gid, mode } = statSync(`${home}/compose.yaml`)
  assert.deepEqual([uid, gid, mode & 0o7777, lstatSync(`${home}/link`).isSymbolicLink()], [1234, 1235, 0o640, true])
  assert.deepEqual(readdirSync(home), ['compose.yaml', 'link'])
})

test('on a full disk the file keeps its text', { skip }, () => {
  using place = setUp()
  mount('tmpfs', place.home, 'tmpfs', 0, 'size=16k')
  using _mounted = { [Symbol.dispose]: () => unmount(place.home) }
  writeFileSync(`${place.home}/compose.yaml`, 'old')
  writeFileSync(`${place.home}/filler`, Buffer.alloc(2 * 4096))
  assert.throws(() => replaceFile(`${place.home}/compose.yaml`, 'x'.repeat(20_000)), { code: 'ENOSPC' })
  assert.equal(readFileSync(`${place.home}/compose.yaml`, 'utf8'), 'old')
  assert.deepEqual(readdirSync(place.home).toSorted(), ['compose.yaml', 'filler'])
})

test('a file that is mounted by itself is written to where it is', { skip }, () => {
  using place = setUp()
  const { home } = place
  mkdirSync(`${home}/outside`)
  for (const name of ['outside/real', 'inside']) writeFileSync(`${home}/${name}`, 'old')
  const MS_BIND = 4096
  mount(`${home}/outside/real`, `${home}/inside`, '', MS_BIND)
  using _mounted = { [Symbol.dispose]: () => unmount(`${home}/inside`) }
  replaceFile(`${home}/inside`, 'new')
  assert.equal(readFileSync(`${home}/outside/real`, 'utf8'), 'new')
})
