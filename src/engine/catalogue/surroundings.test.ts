import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { confOf, parseOptions } from './apt-options.ts'
import { buildSurroundings, moveFiles, proxiesOf } from './surroundings.ts'

test('what apt-config prints is read and written again', () => {
  const dump = 'Acquire "";\nAcquire::http::Proxy "http://proxy:3128/";\nAcquire::Languages:: "none";\nDPkg::Pre-Invoke:: "a; b";\n'
  const options = parseOptions(dump)
  assert.deepEqual(options, [
    { name: 'Acquire::http::Proxy', value: 'http://proxy:3128/' },
    { name: 'Acquire::Languages::', value: 'none' },
    { name: 'DPkg::Pre-Invoke::', value: 'a; b' },
  ])
  assert.equal(confOf(options), dump.slice('Acquire "";\n'.length))
})

test('proxies are found under either spelling', () => {
  assert.deepEqual(proxiesOf({ HTTPS_PROXY: 'http://proxy:3128', no_proxy: 'localhost,127.0.0.1', PATH: '/bin' }), {
    https_proxy: 'http://proxy:3128',
    HTTPS_PROXY: 'http://proxy:3128',
    no_proxy: 'localhost,127.0.0.1',
    NO_PROXY: 'localhost,127.0.0.1',
  })
})

test('a file that an option names comes along, once', () => {
  const home = mkdtempSync(`${tmpdir()}/galley-surroundings-`)
  try {
    const key = `${home}/key.pem`
    writeFileSync(key, '')
    const { options, mounts } = moveFiles([
      { name: 'Acquire::https::SslKey', value: key },
      { name: 'Acquire::https::private.example::SslKey', value: key },
      { name: 'Acquire::https::CaInfo', value: `${home}/nosuch` },
    ])
    assert.deepEqual(mounts, [{ source: key, destination: '/dev/.galley/apt-file-0' }])
    assert.deepEqual(
      options.map(({ value }) => value),
      ['/dev/.galley/apt-file-0', '/dev/.galley/apt-file-0', `${home}/nosuch`],
    )
  } finally {
    rmSync(home, { recursive: true })
  }
})

test('everything a step sees is a file below /dev, and the generated ones hold what the host says', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-surroundings-`)
  try {
    const given = {
      npm_config_registry: 'https://npm.example',
      http_proxy: 'http://proxy:1',
      https_proxy: 'http://user:secret@127.0.0.1:3128',
      all_proxy: 'localhost:1080',
    }
    const { mounts, environment } = await buildSurroundings({ directory: `${home}/made`, environment: given })
    assert.ok(mounts.every(({ destination }) => destination.startsWith('/dev/.galley/')))
    assert.equal(environment['APT_CONFIG'], '/dev/.galley/apt.conf')
    assert.equal(environment['HTTP_PROXY'], 'http://proxy:1')
    assert.equal(environment['HTTPS_PROXY'] ?? environment['all_proxy'], undefined, "the host's loopback can't be reached")
    assert.equal(environment['NPM_CONFIG_GLOBALCONFIG'], '/dev/.galley/npmrc')
    assert.match(readFileSync(`${home}/made/npmrc`, 'utf8'), /^registry=https:\/\/npm\.example\n/)
    assert.doesNotMatch(readFileSync(`${home}/made/apt.conf`, 'utf8'), /IndexTargets/)
  } finally {
    rmSync(home, { recursive: true })
  }
})
