import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { sizeBelow } from './size.ts'

const home = mkdtempSync(`${tmpdir()}/galley-size-`)

after(() => rmSync(home, { recursive: true, force: true }))

test('files are counted once, whatever their names are in', async () => {
  const strange = Buffer.concat([Buffer.from(`${home}/once/`), Buffer.from([0xff])])
  mkdirSync(strange, { recursive: true })
  writeFileSync(Buffer.concat([strange, Buffer.from([0x2f, 0xfe])]), 'four')
  writeFileSync(`${home}/once/one`, 'three')
  linkSync(`${home}/once/one`, `${home}/once/same`)
  symlinkSync('/etc/passwd', `${home}/once/link`)
  assert.equal(await sizeBelow(`${home}/once`), 9)
  assert.equal(await sizeBelow(`${home}/absent`), 0)
})

test('a directory that goes away meanwhile takes none of what stays along', async () => {
  const files = 20
  for (let number = 0; number < files; number++) {
    mkdirSync(`${home}/busy/${number}/going/deeper`, { recursive: true })
    writeFileSync(`${home}/busy/${number}/stays`, 'four')
  }
  const counted = sizeBelow(`${home}/busy`)
  // The first directory is being read.
  for (let number = 0; number < files; number++) rmSync(`${home}/busy/${number}/going`, { recursive: true })
  assert.equal(await counted, files * 4)
})
