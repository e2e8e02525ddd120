import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '#diagnose/finding.ts'
import { alike } from './alike.ts'

function finding(service: string, place: string, change?: Finding['fix']['change']): Finding {
  const words = (text: string) => ({ en: text, ko: text })
  return {
    rule: 'weak-depends-on',
    title: words('weak'),
    severity: 'warning',
    service,
    evidence: [words(place)],
    cause: words('why'),
    fix: { text: words('fix'), ...(change !== undefined && { change }) },
  }
}

test('findings that say the same of several places are told as one, with the services and places that differ', () => {
  const [one, ...others] = alike([finding('a', 'x:1'), finding('b', 'x:2'), finding('b', 'x:2')])
  assert.deepEqual(others, [])
  assert.equal(one?.service, 'a, b')
  assert.deepEqual(
    one.evidence.map(({ en }) => en),
    ['x:1', 'x:2'],
  )
})

test('of many, the first are named and the others counted', () => {
  const [one] = alike(Array.from({ length: 40 }, (_, at) => finding(`s${at}`, `x:${at}`)))
  assert.equal(one?.service, 's0, s1, s2, +37')
  assert.equal(one.evidence.length, 6)
  assert.equal(one.evidence.at(-1)?.en, 'the same 35 more times')
})

test('what is put into one file for several services is one change, with what two of them need once', () => {
  const put = (name: string) => ({ path: ['services', name, 'restart'], value: 'always' })
  const change = (...names: readonly string[]) => ({ file: 'f', puts: names.map(put) })
  const [one, other] = alike([finding('a', 'x', change('a', 'c')), finding('b', 'y', change('b', 'c')), finding('d', 'z')])
  assert.deepEqual([one?.service, other?.service], ['a, b', 'd'])
  assert.deepEqual(one?.fix.change, change('a', 'c', 'b'))
})

test('findings that show a changed line stay apart', () => {
  const change = { at: { file: 'f', line: 1, column: 1 }, before: 'a', after: 'b' }
  assert.equal(alike([finding('a', 'x', change), finding('b', 'x', change)]).length, 2)
})
