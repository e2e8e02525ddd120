import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  linkSync,
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
import { sleep, systemClock } from '#base/clock.ts'
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

/** Fills the volume in another process, which is killed when `moment` has come. */
async function killedWhile({ image, volume }: Place, moment: () => boolean): Promise<void> {
  const script = `
    const { copyUp } = await import(${JSON.stringify(import.meta.resolve('./copy-up.ts'))})
    const { OpenDirectory } = await import(${JSON.stringify(import.meta.resolve('./directory.ts'))})
    copyUp(OpenDirectory.at(${JSON.stringify(image)}), '/data', ${JSON.stringify(volume)})
  `
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    stdio: 'inherit',
  })
  const ended = once(child, 'exit')
  while (!moment() && child.exitCode === null) await sleep(systemClock, 1)
  child.kill('SIGKILL')
  await ended
}

test('a volume whose filling was killed in the middle is filled by the next who comes', async () => {
  using place = setUp()
  const names = Array.from({ length: 1000 }, (_, number) => `file-${number}`)
  for (const name of names) writeFileSync(`${place.image}/data/${name}`, name)
  chownSync(`${place.image}/data`, 37, 99)
  await killedWhile(place, () => readdirSync(place.volume).length > 0)
  place.fill()
  assert.deepEqual(readdirSync(place.volume).toSorted(), names.toSorted())
  assert.deepEqual([statSync(place.volume).uid, statSync(place.volume).gid], [37, 99])
})

test('a volume whose copy was complete when its filling was killed gets all of it, beside what somebody has put there since', () => {
  using place = setUp()
  mkdirSync(`${place.volume}/.galley-moving`)
  for (const name of ['one', 'two']) writeFileSync(`${place.volume}/.galley-moving/${name}`, 'copied')
  for (const name of ['two', 'three']) writeFileSync(`${place.volume}/${name}`, 'own')
  place.fill()
  assert.deepEqual(
    readdirSync(place.volume)
      .toSorted()
      .map((name) => [name, readFileSync(`${place.volume}/${name}`, 'utf8')]),
    [
      ['one', 'copied'],
      ['three', 'own'],
      ['two', 'own'],
    ],
  )
})
