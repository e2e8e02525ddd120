import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { Instance } from './instance.ts'

/** A checkout of its own, as its sources are changed. */
const checkout = mkdtempSync(`${tmpdir()}/galley-checkout-`)
for (const name of ['galley', 'package.json', 'package-lock.json', 'packaging', 'src'])
  cpSync(name, `${checkout}/${name}`, { recursive: true, preserveTimestamps: true })
symlinkSync(`${process.cwd()}/node_modules`, `${checkout}/node_modules`)

const instance = new Instance([], `${checkout}/galley`)
after(async () => {
  await instance.stop()
  rmSync(checkout, { recursive: true, force: true })
})

const log = (): string => readFileSync(`${instance.run}/daemon.log`, 'utf8')

/** The keeper's program: daemon and keeper are bundled together, or neither. */
function program(): string {
  const pid = readFileSync(`${instance.run}/keeper.pid`, 'utf8')
  return (
    readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .find((word) => word.includes('/keeper/main.')) ?? ''
  )
}

async function again(): Promise<void> {
  const { code, err } = await instance.galley('daemon', 'uninstall', ...instance.options)
  assert.equal(code, 0, err)
  await instance.start()
}

test('a checkout runs daemon and keeper as one file each, and each change of a source at the next start', async () => {
  await instance.start()
  assert.equal(program(), `${checkout}/dist/keeper/main.js`)
  assert.doesNotMatch(log(), /has changed/)
  appendFileSync(`${checkout}/src/daemon/start.ts`, "\nprocess.stderr.write('it has changed\\n')\n")
  await again()
  assert.equal(program(), `${checkout}/dist/keeper/main.js`)
  assert.match(log(), /^it has changed$/m)
})

test('where it cannot be bundled, the sources run as they are, and the log says why', async () => {
  writeFileSync(`${checkout}/packaging/bundle.ts`, "throw new Error('no bundler here')\n")
  appendFileSync(`${checkout}/src/daemon/start.ts`, "process.stderr.write('it has changed again\\n')\n")
  await again()
  assert.equal(program(), `${checkout}/src/keeper/main.ts`)
  assert.match(log(), /runs from its sources, .*no bundler here/s)
  assert.match(log(), /^it has changed again$/m)
})
