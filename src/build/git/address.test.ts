import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGitAddress, parseGitContext } from './address.ts'

test('git addresses are told from others, with their ref and directory', () => {
  const shown = (text: string): unknown => {
    const { remote, ref, directory } = parseGitContext(text) ?? {}
    return [remote, ref, directory]
  }
  assert.deepEqual(shown('https://host/a/b.git'), ['https://host/a/b.git', undefined, ''])
  assert.deepEqual(shown('https://host/b.git#v1:sub/dir'), ['https://host/b.git', 'v1', 'sub/dir'])
  assert.deepEqual(shown('https://host/b.git#:sub'), ['https://host/b.git', undefined, 'sub'])
  assert.deepEqual(shown('git@host:a/b.git#main'), ['git@host:a/b.git', 'main', ''])
  assert.deepEqual(shown('github.com/a/b#main'), ['https://github.com/a/b', 'main', ''])
  assert.deepEqual(shown('https://host/b.git?tag=v2&subdir=s'), ['https://host/b.git', 'refs/tags/v2', 's'])
  assert.deepEqual(shown('https://host/b.git?branch=next#:x'), ['https://host/b.git', 'refs/heads/next', 'x'])
  for (const text of ['https://host/b.gitx', 'https://host/file.tar.gz', 'a.git', 'b']) assert.equal(parseGitAddress(text), undefined, text)
})

test('what git would take for an option is refused', () => {
  for (const text of ['https://host/b.git#--upload-pack=x', 'https://host/b.git?ref=-x', 'https://host/b.git?what=1'])
    assert.throws(() => parseGitAddress(text), /invalid git address|unexpected query/)
})
