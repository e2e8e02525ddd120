import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { containerTests } from './container-filters.ts'

test('until takes half an hour as any other duration, and what is no time is refused', () => {
  const engine = { clock: { now: () => 7_200_000 } } as Engine
  const isBefore = (created: number, until: string): boolean | undefined =>
    containerTests['until']?.({ created } as Container, until, engine)
  assert.equal(isBefore(1_800_001, '1.5h'), false)
  assert.equal(isBefore(1_799_999, '1.5h'), true)
  assert.throws(() => isBefore(0, 'yesterday'), /failed to parse value as time or duration: "yesterday"/)
})
