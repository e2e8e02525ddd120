import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, test } from 'node:test'
import { makeNode, setAttribute } from '#host/files/special.ts'
import { changesOf } from './changes.ts'

let home = ''

before(() => {
  home = mkdtempSync(`${tmpdir()}/galley-changes-`)
  for (const path of ['low/etc', 'low/gone', 'low/same', 'low/mode', 'high/etc', 'upper/etc', 'upper/same', 'upper/mode', 'upper/dev/pts'])
    mkdirSync(`${home}/${path}`, { recursive: true })
  writeFileSync(`${home}/low/etc/old`, '')
  writeFileSync(`${home}/high/etc/newer`, '')
  makeNode(`${home}/high/etc/hidden`, 'character')
  writeFileSync(`${home}/low/etc/hidden`, '')
})

after(() => rmSync(home, { recursive: true, force: true }))

test('changes are told by what the layers below show', () => {
  const upper = `${home}/upper`
  for (const name of ['old', 'newer', 'hidden', 'fresh', 'hosts']) writeFileSync(`${upper}/etc/${name}`, '')
  chmodSync(`${upper}/mode`, 0o700)
  makeNode(`${upper}/gone`, 'character')
  makeNode(`${upper}/never-was`, 'character')
  const found = changesOf({
    upper,
    lowers: [`${home}/low`, `${home}/high`],
    mountPoints: new Set(['etc/hosts', 'dev', 'dev/pts']),
  })
  assert.deepEqual(
    found.map(({ kind, path }) => `${kind} ${path}`),
    ['modified etc', 'added etc/fresh', 'added etc/hidden', 'modified etc/newer', 'modified etc/old', 'deleted gone', 'modified mode'],
  )
})

test('below an opaque directory everything is new', () => {
  mkdirSync(`${home}/other/etc`, { recursive: true })
  writeFileSync(`${home}/other/etc/old`, '')
  setAttribute(`${home}/other/etc`, 'trusted.overlay.opaque', Buffer.from('y'))
  assert.deepEqual(changesOf({ upper: `${home}/other`, lowers: [`${home}/low`], mountPoints: new Set() }), [
    { kind: 'modified', path: 'etc' },
    { kind: 'added', path: 'etc/old' },
  ])
})
