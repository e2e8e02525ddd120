import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { mount, unmount } from '#host/kernel/mount.ts'
import { copyUp } from './copy-up.ts'
import { OpenDirectory } from './directory.ts'

interface Place extends Disposable {
  /** An image's file system, with `/data`. */
  readonly image: string
  readonly volume: string
  fill(): void
}

function setUp(): Place {
  const home = mkdtempSync(`${tmpdir()}/galley-copy-up-`)
  const [image, volume] = [`${home}/image`, `${home}/volume`]
  for (const directory of [`${image}/data`, volume]) mkdirSync(directory, { recursive: true })
  return {
    image,
    volume,
    fill() {
      using root = OpenDirectory.at(image)
      copyUp(root, '/data', volume)
    },
    [Symbol.dispose]: () => rmSync(home, { recursive: true }),
  }
}

test('an empty volume gets what it covers, links as links, and one that holds anything is left alone', () => {
  using place = setUp()
  writeFileSync(`${place.image}/data/one`, 'one', { mode: 0o640 })
  linkSync(`${place.image}/data/one`, `${place.image}/data/two`)
  symlinkSync('/etc/passwd', `${place.image}/data/link`)
  place.fill()
  assert.deepEqual(readdirSync(place.volume).toSorted(), ['link', 'one', 'two'])
  const [one, two] = ['one', 'two'].map((name) => statSync(`${place.volume}/${name}`))
  assert.deepEqual([one?.mode, one?.ino], [0o100640, two?.ino])
  writeFileSync(`${place.image}/data/one`, 'changed')
  place.fill()
  assert.equal(readFileSync(`${place.volume}/one`, 'utf8'), 'one')
})

test(
  'a volume without room for all of it stays empty, and is filled when there is some',
  { skip: process.getuid?.() !== 0 && 'only root may mount' },
  () => {
    using place = setUp()
    mount('tmpfs', place.volume, 'tmpfs', 0, 'size=64k')
    using mounted = new DisposableStack()
    mounted.defer(() => unmount(place.volume))
    mkdirSync(`${place.image}/data/a`)
    for (const name of ['a/one', 'b', 'c']) writeFileSync(`${place.image}/data/${name}`, Buffer.alloc(40_000))
    assert.throws(() => place.fill(), { code: 'ENOSPC' })
    assert.deepEqual(readdirSync(place.volume), [])
    mounted.dispose()
    place.fill()
    assert.deepEqual(readdirSync(place.volume), ['a', 'b', 'c'])
  },
)
