import assert from 'node:assert/strict'
import { test } from 'node:test'
import { translator } from './catalogue.ts'

const words = translator({
  Running: '도는 중',
  '{} containers': '컨테이너 {0}개',
  'no such service: {}': '서비스 {0}이(가) 없습니다',
  '{}: {}': '{0} 쪽: {{1}}',
  'from {} to{}.': '{1}까지, {0}부터.',
})

test('a text is found whole, or by what it says around the names in it', () => {
  assert.equal(words('Running'), '도는 중')
  assert.equal(words('no such service: a.b (c)*'), '서비스 a.b (c)*이(가) 없습니다')
  assert.equal(words('from 1 to\n2.'), '\n2까지, 1부터.')
  assert.equal(words('from a tob.'), 'b까지, a부터.')
})

test('what says most wins, and a text within a text is put into words where the catalogue asks for it', () => {
  assert.equal(words('app: Running'), 'app 쪽: 도는 중')
  assert.equal(words('no such service: {}'), '서비스 {}이(가) 없습니다')
})

test('what the catalogue does not have stays as it is', () => {
  assert.equal(words('Error of a program'), 'Error of a program')
  assert.equal(words(''), '')
})
