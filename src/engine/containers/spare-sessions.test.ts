import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { SpareSessions } from './spare-sessions.ts'

const plain = { container: 'c', tty: false, stdin: false }

test('a session is prepared when two have ended within ten seconds, and given once to the first of its kind', () => {
  const spares = new SpareSessions(new FakeClock())
  assert.equal(spares.next(plain), undefined)
  const spare = spares.next(plain)
  assert.ok(spare !== undefined)
  assert.equal(spares.next(plain), undefined)
  assert.equal(spares.take({ ...plain, stdin: true }), undefined)
  assert.equal(spares.take({ ...plain, container: 'd' }), undefined)
  assert.equal(spares.take(plain), spare.id)
  assert.equal(spares.take(plain), undefined)
  assert.notEqual(spares.next(plain)?.id, spare.id)
})

test('when a session starts soon after another, the next is prepared while it runs, and not once more when it ends', () => {
  const spares = new SpareSessions(new FakeClock())
  assert.equal(spares.following(plain), undefined)
  spares.next(plain)
  const spare = spares.following(plain)
  assert.equal(spares.next(plain), undefined)
  assert.equal(spares.take(plain), spare?.id)
})

test('one of another kind is prepared when that was wanted last', () => {
  const spares = new SpareSessions(new FakeClock())
  spares.next(plain)
  spares.next(plain)
  const other = spares.next({ ...plain, stdin: true })
  assert.equal(spares.take({ ...plain, stdin: true }), other?.id)
})

test('none is prepared for a terminal, nor for sessions that come seldom, and one that has waited too long is forgotten', async () => {
  const clock = new FakeClock()
  const spares = new SpareSessions(clock)
  spares.next(plain)
  assert.equal(spares.next({ ...plain, tty: true }), undefined)
  await clock.advance(10_001)
  assert.equal(spares.next(plain), undefined)
  assert.ok(spares.next(plain) !== undefined)
  await clock.advance(10_001)
  assert.equal(spares.take(plain), undefined)
})
