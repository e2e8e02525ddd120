import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { Instance } from './instance.ts'

/** What `npm install -g` of the packed archive gives: plain JavaScript, since Node strips no types inside node_modules. */
const home = mkdtempSync(`${tmpdir()}/galley-package-`)

after(() => rmSync(home, { recursive: true, force: true }))

function npm(...args: string[]): string {
  const { GALLEY_TEST_NPM_CA = '', ...environment } = process.env
  const env = { ...environment, ...(GALLEY_TEST_NPM_CA !== '' && { NODE_EXTRA_CA_CERTS: GALLEY_TEST_NPM_CA }) }
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8', env })
  assert.equal(status, 0, stderr)
  return stdout
}

test('the packed archive, installed globally, runs a container', async () => {
  const [archive] = JSON.parse(npm('pack', '--json', '--silent', '--foreground-scripts=false', '--pack-destination', home)) as {
    filename: string
  }[]
  npm('install', '--global', '--prefix', `${home}/prefix`, '--no-audit', '--no-fund', `${home}/${archive?.filename}`)
  const instance = new Instance([], `${home}/prefix/bin/galley`)
  assert.match((await instance.galley('--version')).out, /^galley \d+\.\d+\.\d+\n$/)
  await instance.start()
  try {
    await instance.importBox()
    assert.equal(await instance.ok('run', '--rm', 'box', 'echo', 'from the package'), 'from the package')
  } finally {
    await instance.stop()
  }
})
