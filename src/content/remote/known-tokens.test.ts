import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { KnownTokens } from './known-tokens.ts'

const token = (name: string, until: number): { token: string; until: number; refreshToken: undefined } => ({
  token: name,
  until,
  refreshToken: undefined,
})

test('a token is found for its scopes, in any order, until its time is over', async () => {
  const clock = new FakeClock()
  const tokens = new KnownTokens(clock)
  tokens.keep(['a:pull', 'b:pull'], token('one', clock.now() + 1000))
  assert.equal(tokens.find(['b:pull', 'a:pull'])?.token, 'one')
  assert.equal(tokens.find(['a:pull']), undefined)
  await clock.advance(1000)
  assert.equal(tokens.find(['a:pull', 'b:pull']), undefined)
})

test('tokens whose time is over are not kept', async () => {
  const clock = new FakeClock()
  const tokens = new KnownTokens(clock)
  for (let number = 0; number < 100; number++) {
    tokens.keep([`repository:${number}:pull`], token(String(number), clock.now() + 1000))
    await clock.advance(500)
  }
  assert.equal(tokens.size, 2)
})
