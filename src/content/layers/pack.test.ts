import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, test } from 'node:test'
import { attribute, attributeNames } from '#host/files/attributes.ts'
import { makeNode, setAttribute } from '#host/files/special.ts'
import { extractLayer } from './extract.ts'
import { packLayer, packTree } from './pack.ts'

let home = ''

beforeEach(() => (home = mkdtempSync(`${tmpdir()}/galley-pack-`)))
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** A tree with one of everything that a tar can hold. */
function makeTree(root: string): void {
  const long = 'n'.repeat(200)
  mkdirSync(`${root}/${long}/${long}`, { recursive: true })
  writeFileSync(`${root}/${long}/${long}/file`, 'deep')
  writeFileSync(`${root}/a`, 'x'.repeat(3 << 20))
  linkSync(`${root}/a`, `${root}/hard`)
  symlinkSync(`/${long}`, `${root}/link`)
  makeNode(`${root}/pipe`, 'fifo')
  makeNode(`${root}/device`, 'character', 5, 300)
  writeFileSync(`${root}/capable`, '')
  setAttribute(`${root}/capable`, 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'))
  setAttribute(`${root}/capable`, 'user.note', Buffer.from('kept'))
  execFileSync('chown', ['3000000:37', `${root}/capable`])
  setAttribute(`${root}/capable`, 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'))
  chmodSync(`${root}/a`, 0o4755)
  lutimesSync(`${root}/link`, -5, -5)
}

function describe(root: string): string[] {
  return execFileSync('find', [root, '-mindepth', '1', '-printf', '%P %y %m %U:%G %s %T@ %n %l\n'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.replace(/ d (\S+ \S+) \d+/, ' d $1'))
    .toSorted()
}

test('a tree comes back as it was', async () => {
  mkdirSync(`${home}/from`)
  mkdirSync(`${home}/to`)
  makeTree(`${home}/from`)
  await extractLayer(packTree(`${home}/from`, { fractions: true }), `${home}/to`)
  const whole = (lines: string[]): string[] => lines.map((line) => line.replace(/\.(\d{3})\d*/, '.$1'))
  assert.deepEqual(whole(describe(`${home}/to`)), whole(describe(`${home}/from`)))
  const capable = Buffer.from(`${home}/to/capable`)
  assert.deepEqual(attributeNames(capable), ['security.capability', 'user.note'])
  assert.equal(attribute(capable, 'user.note')?.toString(), 'kept')
  assert.equal(lstatSync(`${home}/to/a`).ino, lstatSync(`${home}/to/hard`).ino)
})

test('GNU tar reads it without complaint', async () => {
  mkdirSync(`${home}/from`)
  makeTree(`${home}/from`)
  const chunks: Buffer[] = []
  for await (const chunk of packTree(`${home}/from`, { prefix: 'top/' })) chunks.push(chunk)
  const listed = execFileSync('tar', ['-tf', '-'], { input: Buffer.concat(chunks), encoding: 'utf8' })
  assert.equal(listed.split('\n').filter((line) => line.startsWith('top/')).length, 9)
})

test('an upper directory becomes a layer that does the same to the layers below', async () => {
  const [upper, again] = [`${home}/upper`, `${home}/again`]
  mkdirSync(`${upper}/opaque`, { recursive: true })
  mkdirSync(again)
  writeFileSync(`${upper}/opaque/new`, '')
  setAttribute(`${upper}/opaque`, 'trusted.overlay.opaque', Buffer.from('y'))
  makeNode(`${upper}/gone`, 'character')
  await extractLayer(packLayer(upper), again)
  assert.equal(attribute(Buffer.from(`${again}/opaque`), 'trusted.overlay.opaque')?.toString(), 'y')
  assert.ok(lstatSync(`${again}/gone`).isCharacterDevice())
  assert.equal(lstatSync(`${again}/gone`).rdev, 0)
})

test('what is not included is left out with all below it', async () => {
  mkdirSync(`${home}/from/skipped/deep`, { recursive: true })
  mkdirSync(`${home}/to`)
  writeFileSync(`${home}/from/kept`, 'kept')
  await extractLayer(packTree(`${home}/from`, { includes: (path) => path !== 'skipped' }), `${home}/to`)
  assert.equal(readFileSync(`${home}/to/kept`, 'utf8'), 'kept')
  assert.equal(describe(`${home}/to`).filter((line) => line !== '').length, 1)
})

test('a layer that hides something is packed to the same bytes after it was unpacked', async () => {
  for (const name of ['upper/d', 'unpacked']) mkdirSync(`${home}/${name}`, { recursive: true })
  makeNode(`${home}/upper/d/gone`, 'character')
  setAttribute(`${home}/upper/d`, 'trusted.overlay.opaque', Buffer.from('y'))
  lutimesSync(`${home}/upper/d/gone`, 1_000_000, 1_000_000)
  lutimesSync(`${home}/upper/d`, 1_000_000, 1_000_000)
  const bytes = async (root: string): Promise<Buffer> => Buffer.concat(await Array.fromAsync(packLayer(root)))
  await extractLayer(packLayer(`${home}/upper`), `${home}/unpacked`)
  assert.ok((await bytes(`${home}/unpacked`)).equals(await bytes(`${home}/upper`)))
})
