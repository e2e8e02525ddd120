import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRemote, placeOf, RemoteWanted } from './remote.ts'

test('what is elsewhere is told by its form', () => {
  const remote = [
    'oci://host/a',
    'https://host/a.git',
    'https://host/a.git#main:sub',
    'git@host:a',
    'ssh://host/a',
    'git://host/a',
    'github.com/a/b',
  ]
  for (const path of [...remote, 'file:///srv/a.git']) assert.ok(isRemote(path), path)
  for (const path of ['compose.yaml', './oci', '../a.git', '/a.git', 'https://host/compose.yaml', 'a:b', '-', ''])
    assert.ok(!isRemote(path), path)
})

test('a file from elsewhere is wanted until it is here', () => {
  assert.equal(placeOf('a.yaml', '/here'), '/here/a.yaml')
  assert.throws(
    () => placeOf('oci://host/a', '/here'),
    (error) => error instanceof RemoteWanted && error.reference === 'oci://host/a',
  )
  assert.equal(placeOf('oci://host/a', '/here', new Map([['oci://host/a', '/kept/compose.yaml']])), '/kept/compose.yaml')
})
