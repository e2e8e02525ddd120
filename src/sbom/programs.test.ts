import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test, type TestContext } from 'node:test'
import { deflateSync } from 'node:zlib'
import type { FoundPackage, ScannedFile } from './model.ts'
import { scan } from './scan.ts'

/** Programs that tell what they were built from, made by the tools that make such programs. */
function fileOf(path: string, bytes: Buffer): ScannedFile {
  return { path, size: bytes.length, read: (start = 0, length = bytes.length) => bytes.subarray(start, start + length) }
}

async function found(bytes: Buffer): Promise<{ names: string[]; packages: readonly FoundPackage[]; leftOut: readonly string[] }> {
  const { packages, leftOut } = await scan([fileOf('usr/bin/program', bytes)])
  return { names: packages.map(({ namespace, name, version }) => `${namespace ?? ''} ${name} ${version}`), packages, leftOut }
}

function directory(t: TestContext): string {
  const path = mkdtempSync(`${tmpdir()}/galley-programs-`)
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

test('a program of Go tells its modules, with what took the place of others, and Go’s own version', async (t) => {
  const home = directory(t)
  const go = (...args: string[]) =>
    spawnSync('go', args, {
      cwd: `${home}/main`,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: home, GOFLAGS: '-mod=vendor', GOPROXY: 'off', GOTOOLCHAIN: 'local' },
    })
  mkdirSync(`${home}/main/vendor/example.org/Some/mod`, { recursive: true })
  mkdirSync(`${home}/main/vendor/example.org/old`, { recursive: true })
  writeFileSync(
    `${home}/main/go.mod`,
    'module example.org/main\ngo 1.18\nrequire example.org/Some/mod v1.2.3\nrequire example.org/old v1.0.0\nreplace example.org/old => example.org/new v2.0.0+incompatible\n',
  )
  writeFileSync(`${home}/main/vendor/example.org/Some/mod/m.go`, 'package mod\nfunc Is() string { return "is" }\n')
  writeFileSync(`${home}/main/vendor/example.org/old/o.go`, 'package old\nfunc Was() string { return "was" }\n')
  writeFileSync(
    `${home}/main/vendor/modules.txt`,
    '# example.org/Some/mod v1.2.3\n## explicit; go 1.18\nexample.org/Some/mod\n# example.org/old v1.0.0 => example.org/new v2.0.0+incompatible\n## explicit; go 1.18\nexample.org/old\n# example.org/old => example.org/new v2.0.0+incompatible\n',
  )
  writeFileSync(
    `${home}/main/main.go`,
    'package main\nimport ("example.org/Some/mod"; "example.org/old")\nfunc main() { println(mod.Is(), old.Was()) }\n',
  )
  const { status, stderr, error } = go('build', '-buildvcs=false', '-ldflags=-s -w', '-o', `${home}/program`, '.')
  if (error !== undefined) return t.skip('go is not installed')
  assert.equal(status, 0, stderr)
  const { names, leftOut } = await found(readFileSync(`${home}/program`))
  const version = /go(\d\S*)/.exec(go('version').stdout)?.[1]
  assert.deepEqual(names.toSorted(), [' stdlib ' + version, 'example.org new v2.0.0+incompatible', 'example.org/Some mod v1.2.3'])
  assert.deepEqual(leftOut, [])
})

test('a program that cargo auditable built tells its crates, without those that only built it', async (t) => {
  const home = directory(t)
  const list = {
    packages: [
      { name: 'app', version: '0.1.0', source: 'local', root: true },
      { name: 'serde', version: '1.0.200', source: 'crates.io' },
      { name: 'cc', version: '1.0.0', source: 'crates.io', kind: 'build' },
    ],
  }
  writeFileSync(`${home}/list`, deflateSync(JSON.stringify(list)))
  cpSync('/bin/true', `${home}/program`)
  const { error } = spawnSync('objcopy', ['--add-section', `.dep-v0=${home}/list`, `${home}/program`])
  if (error !== undefined) return t.skip('binutils are not installed')
  const { packages } = await found(readFileSync(`${home}/program`))
  assert.deepEqual(
    packages.map(({ type, name, version }) => [type, name, version]),
    [
      ['cargo', 'app', '0.1.0'],
      ['cargo', 'serde', '1.0.200'],
    ],
  )
})

test('a damaged program is told of or tells nothing, and fails nothing', async (t) => {
  const home = directory(t)
  const bytes = readFileSync('/bin/true')
  for (let length = 0; length < bytes.length; length += 997) assert.deepEqual((await found(bytes.subarray(0, length))).packages, [])
  for (const at of [32, 40, 44, 58, 60, 62]) {
    const damaged = Buffer.from(bytes)
    damaged.fill(0xff, at, at + 4)
    assert.deepEqual((await found(damaged)).packages, [])
  }
  writeFileSync(`${home}/list`, 'no zlib')
  cpSync('/bin/true', `${home}/program`)
  if (spawnSync('objcopy', ['--add-section', `.dep-v0=${home}/list`, `${home}/program`]).error !== undefined) return
  assert.match((await found(readFileSync(`${home}/program`))).leftOut.join(), /usr\/bin\/program: incorrect header check/)
})
