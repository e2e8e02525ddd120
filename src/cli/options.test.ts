import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptions } from './options.ts'

const syntax = {
  usage: 'stop',
  does: '',
  operands: Infinity,
  options: {
    timeout: { type: 'string', short: 't', does: '' },
    env: { type: 'string', short: 'e', does: '' },
    detach: { type: 'boolean', short: 'd', does: '' },
    quiet: { type: 'boolean', short: 'q', does: '' },
  },
} as const

test('a letter’s value may follow an equals sign, which is no part of it, as in docker’s commands', () => {
  const valuesOf = (...args: string[]): object => ({ ...parseOptions(args, syntax).values })
  assert.deepEqual(valuesOf('-t=0'), { timeout: '0' })
  assert.deepEqual(valuesOf('-t', '=0'), { timeout: '=0' })
  assert.deepEqual(valuesOf('-qt=5'), { quiet: true, timeout: '5' })
  assert.deepEqual(valuesOf('-e=A=1'), { env: 'A=1' })
  assert.deepEqual(valuesOf('-eA=1'), { env: 'A=1' })
  assert.deepEqual(valuesOf('-d=false', '-q=true'), { quiet: true })
})
