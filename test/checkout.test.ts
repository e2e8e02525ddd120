import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { Instance } from './instance.ts'

/** A checkout whose sources change: what runs is what they say, whatever was bundled of them before. */
const home = mkdtempSync(`${tmpdir()}/galley-checkout-`)
const parts = ['galley', 'package.json', 'package-lock.json', 'packaging', 'src']
for (const path of parts) cpSync(path, `${home}/${path}`, { recursive: true, preserveTimestamps: true })
symlinkSync(`${process.cwd()}/node_modules`, `${home}/node_modules`)

after(() => rmSync(home, { recursive: true, force: true }))

const bundled = `${home}/dist/cli/dispatch.js`

function help(): string {
  const { status, stdout, stderr } = spawnSync(`${home}/galley`, ['help'], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout
}

function replaceIn(path: string, found: string, instead: string): void {
  const text = readFileSync(path, 'utf8')
  assert.ok(text.includes(found))
  writeFileSync(path, text.replace(found, instead))
}

test('without a bundle the sources run', () => {
  assert.ok(!existsSync(`${home}/dist`))
  assert.match(help(), /Galley sends nothing home/)
})

test('what was bundled runs while no source has changed', () => {
  const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', `${home}/packaging/bundle.ts`])
  assert.equal(status, 0, String(stderr))
  assert.match(help(), /Galley sends nothing home/)
  replaceIn(bundled, 'Galley sends nothing home', 'Galley was bundled')
  assert.match(help(), /Galley was bundled/)
})

test('a source that changed runs at once, whatever stands ready', async () => {
  const instance = new Instance([], `${home}/galley`)
  await instance.start()
  try {
    await instance.until(() => existsSync(`${instance.run}/ready.sock`), Boolean)
    const overview = async (): Promise<string> => (await instance.galley('help')).out
    assert.match(await overview(), /Galley was bundled/)
    replaceIn(`${home}/src/cli/overview.ts`, 'Galley sends nothing home', 'Galley was stood up for')
    assert.match(await overview(), /Galley was stood up for/)
    await instance.until(
      () => existsSync(`${instance.run}/ready.sock`),
      (stands) => !stands,
    )
    replaceIn(`${home}/src/cli/overview.ts`, 'Galley was stood up for', 'Galley sends nothing home')
  } finally {
    await instance.stop()
  }
})

test('a source that changed runs at once, without a new bundle', () => {
  replaceIn(`${home}/src/cli/overview.ts`, 'Galley sends nothing home', 'Galley was changed')
  assert.match(help(), /Galley was changed/)
  rmSync(`${home}/dist`, { recursive: true })
  assert.match(help(), /Galley was changed/)
})
