import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLONE, unshare } from '#host/kernel/namespace.ts'
import { listTable, nft } from './run.ts'

// Rules of a network of this thread's own.
unshare(CLONE.NEWNET)

test('a refused change says why, and a missing element is not found', () => {
  assert.throws(() => nft('add rule ip nowhere mine accept\n'), { kind: 'not found', message: /No such file or directory/ })
  assert.throws(() => nft('nonsense\n'), { kind: 'internal', message: /syntax error/ })
})

test('what is created twice exists already, and nothing of the second time is done', () => {
  nft('create table ip once\n')
  assert.throws(() => nft('create table ip once\nadd chain ip once more\n'), { kind: 'already exists' })
  assert.doesNotMatch(listTable('ip once') ?? '', /more/)
})

test('a table is listed without the elements of its sets', () => {
  assert.equal(listTable('ip mine'), undefined)
  nft('table ip mine {\nset ports { type inet_service; elements = { 4711 }; }\n}\n')
  const text = listTable('ip mine') ?? ''
  assert.match(text, /set ports/)
  assert.doesNotMatch(text, /4711/)
  nft('add element ip mine ports { 4712 }\n')
  assert.equal(listTable('ip mine'), text)
})
