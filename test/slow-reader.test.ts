import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Instance } from './instance.ts'

/** What the commands write where whoever reads is slow, leaves, or has no room. */
const instance = new Instance()
const project = `${instance.home}/project`
const galley = `${process.cwd()}/galley`
const lines = 100_000

before(async () => {
  await instance.start()
  await instance.importBox()
  mkdirSync(project)
  const command = `seq 1 ${lines}; exec sleep 1000`
  writeFileSync(`${project}/compose.yaml`, `services: {one: {image: box, command: [sh, -c, "${command}"], stop_grace_period: 0s}}\n`)
  assert.equal((await instance.command(galley, ['up', '-d'], { cwd: project })).code, 0)
  const last = async (): Promise<string> => (await instance.command(galley, ['logs', '--tail', '1'], { cwd: project })).out
  await instance.until(last, (text) => text.includes(String(lines)))
  await instance.until(() => existsSync(`${instance.run}/ready.sock`), Boolean)
})
after(() => instance.stop())

/** A line of a shell, with galley as `$0`; the ordinary way, and handed over. */
const ways: Readonly<Record<string, Readonly<Record<string, string>>>> = { 'a process of its own': { GALLEY_NO_READY: '1' }, 'a copy': {} }

for (const [way, env] of Object.entries(ways)) {
  const line = async (text: string): Promise<string> =>
    (await instance.command('/bin/bash', ['-c', text, galley], { cwd: project, env })).out

  test(`a slow reader gets all that a command wrote: ${way}`, async () => {
    assert.match(await line('"$0" logs --no-log-prefix | { sleep 2; wc -l; }'), new RegExp(`^ *${lines}$`, 'm'))
  })

  test(`a reader that leaves while a command waits for it ends the command: ${way}`, async () => {
    assert.equal(await line('"$0" logs | { sleep 2; head -1 >/dev/null; }; echo ${PIPESTATUS[0]}'), '141\n')
  })

  test(`a file that may not grow further is told, and fails the command: ${way}`, async () => {
    const text = `mkdir -p small; mount -t tmpfs -o size=64k none small; trap "umount small" EXIT; "$0" logs 2>&1 >small/file; echo $?`
    assert.equal(await line(text), 'galley: write: no space left on device\nmore: galley explain internal\n1\n')
  })
}
