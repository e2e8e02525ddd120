import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, test } from 'node:test'
import { ask } from './engine-api.ts'
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

let archive = ''

before(() => {
  const [packed] = JSON.parse(npm('pack', '--json', '--silent', '--foreground-scripts=false', '--pack-destination', home)) as {
    filename: string
  }[]
  archive = `${home}/${packed?.filename}`
  install()
})

function install(): void {
  npm('install', '--global', '--prefix', `${home}/prefix`, '--no-audit', '--no-fund', archive)
}

test('the packed archive, installed globally, runs a container', async () => {
  const instance = new Instance([], `${home}/prefix/bin/galley`)
  assert.match((await instance.galley('--version')).out, /^galley \d+\.\d+\.\d+\n$/)
  await instance.start()
  try {
    await instance.importBox()
    assert.equal(await instance.ok('run', '--rm', 'box', 'echo', 'from the package'), 'from the package')
    assert.match(
      await instance.ok('version', '-f', '{{.Server.GitCommit}} {{.Server.BuildTime}}'),
      /^(unknown|[0-9a-f]{12}(-dirty)?) 20\d\d-.*Z$/,
    )
  } finally {
    await instance.stop()
  }
})

test('what only some read is in the archive: Korean, and what errors and rules mean', async () => {
  const galley = `${home}/prefix/bin/galley`
  const instance = new Instance([], galley)
  const korean = await instance.command(galley, ['help', 'ps'], { env: { LANG: 'ko_KR.UTF-8' } })
  assert.match(korean.out, /^사용법: galley ps/)
  assert.match((await instance.galley('explain', 'port.taken')).out, /^port\.taken: The port/)
  assert.match((await instance.galley('explain', 'port-taken')).out, /^# the port is taken\n/)
  const { code, out } = await instance.galley('completion', 'words', 'galley explain port.t')
  assert.deepEqual([code, out], [0, 'port.taken\n'])
  rmSync(instance.home, { recursive: true })
})

/** `docker build` by its classic builder, which needs nothing of the client. */
const classic = { env: { DOCKER_BUILDKIT: '0' } }

const ways = {
  deleted: (path: string) => rmSync(path),
  'replaced by those of another version': (path: string) => {
    rmSync(path)
    writeFileSync(path, 'throw new Error("another version")')
  },
}

for (const [what, change] of Object.entries(ways)) {
  test(`a daemon whose files were ${what} loads what it had not loaded yet`, async () => {
    const instance = new Instance([], `${home}/prefix/bin/galley`)
    const context = `${instance.home}/context`
    await instance.start()
    try {
      await instance.importBox()
      mkdirSync(context)
      writeFileSync(`${context}/Dockerfile`, 'FROM box\nRUN echo built >/built\n')
      const rooms = globSync(`${home}/prefix/lib/node_modules/galley/dist/rooms/*.js`)
      assert.ok(rooms.length > 5)
      rooms.forEach(change)
      const { code, err } = await instance.command('docker', ['build', '-t', 'built', context], classic)
      assert.equal(code, 0, err)
      assert.equal(await instance.ok('run', '--name', 'one', 'built', 'cat', '/built'), 'built')
      assert.match(await instance.ok('cp', 'one:/built', '-'), /^built\0/)
      const { status, body } = await ask(instance.socket, 'POST /galley/v1/projects/none/plan', {
        project: { name: 'none', services: {}, networks: {}, volumes: {}, warnings: [] },
      })
      assert.equal(status, 200, JSON.stringify(body))
    } finally {
      install()
      await instance.stop()
    }
  })
}
