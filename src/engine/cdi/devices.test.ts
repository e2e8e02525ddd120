import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { declaredDevices } from './devices.ts'

const one = (name: string, more = ''): string =>
  `cdiVersion: "0.6.0"\nkind: "vendor.com/device"\ndevices:\n- name: ${name}\n  containerEdits:\n    env: ["FOO=${name}"]\n${more}`

test('devices come from JSON and YAML; a later directory hides, and of two files in one neither counts', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-cdi-`)
  try {
    for (const name of ['first', 'second']) mkdirSync(`${home}/${name}`)
    writeFileSync(`${home}/first/a.yaml`, one('a', 'annotations:\n  of: file\n'))
    writeFileSync(
      `${home}/first/b.json`,
      JSON.stringify({ cdiVersion: '0.3.0', kind: 'other.org/x', devices: [{ name: 'b', containerEdits: {} }] }),
    )
    writeFileSync(`${home}/first/c.yaml`, one('twice'))
    writeFileSync(`${home}/first/d.yaml`, one('twice'))
    writeFileSync(`${home}/first/ignored.yml`, one('ignored'))
    writeFileSync(`${home}/first/broken.json`, '{')
    writeFileSync(`${home}/first/wrong.yaml`, 'cdiVersion: "0.6.0"\nkind: nothing\n')
    const first = await declaredDevices([`${home}/first`, `${home}/missing`])
    assert.deepEqual(
      first.devices.map(({ name }) => name),
      ['vendor.com/device=a', 'other.org/x=b'],
    )
    assert.equal(first.devices[0]?.annotations.get('of'), 'file')
    assert.deepEqual(
      first.problems.map((text) => text.replace(`${home}/first`, '').replace(/:.*/, '')),
      ['/broken.json', '/wrong.yaml', 'vendor.com/device=twice is in several files of '],
    )
    writeFileSync(`${home}/second/a.yaml`, one('a').replace('FOO=a', 'FOO=later'))
    const both = await declaredDevices([`${home}/first`, `${home}/second`])
    assert.deepEqual(both.devices.find(({ name }) => name === 'vendor.com/device=a')?.edits.env, ['FOO=later'])
  } finally {
    rmSync(home, { recursive: true })
  }
})
