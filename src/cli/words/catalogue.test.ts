import assert from 'node:assert/strict'
import { test } from 'node:test'
import { translator } from './catalogue.ts'

const words = translator({
  Running: '도는 중',
  '{} containers': '컨테이너 {0}개',
  'no such service: {}': '서비스 {0}이(가) 없습니다',
  '{}: {}': '{0} 쪽: {{1}}',
  '{} s': '{0}초',
  'from {} to\n{}.': '{1}까지, {0}부터.',
})

test('a text is found whole, or by what it says around the names in it', () => {
  assert.equal(words('Running'), '도는 중')
  assert.equal(words('no such service: a.b (c)*'), '서비스 a.b (c)*이(가) 없습니다')
  assert.equal(words('from 1 to\n2.'), '2까지, 1부터.')
})

test('what says most wins, and a text within a text is put into words where the catalogue asks for it', () => {
  assert.equal(words('app: Running'), 'app 쪽: 도는 중')
  assert.equal(words('no such service: {}'), '서비스 {}이(가) 없습니다')
})

test('of several lines each is put into words, when the first one is', () => {
  assert.equal(words('no such service: a\nRunning\nof a program'), '서비스 a이(가) 없습니다\n도는 중\nof a program')
  assert.equal(words('of a program\nRunning'), 'of a program\nRunning')
})

test('before what is said of a place in a file the place stays', () => {
  assert.equal(words('a b/compose.yaml:3:5: no such service: a'), 'a b/compose.yaml:3:5: 서비스 a이(가) 없습니다')
  assert.equal(words('compose.yaml:3: Running'), 'compose.yaml:3: 도는 중')
})

test('a text is found as a sentence, too', () => {
  assert.equal(words('Running.'), '도는 중.')
  assert.equal(words('of a program.'), 'of a program.')
})

test('a list is put together from its parts, where the catalogue has all of them', () => {
  assert.equal(words('3 containers, Running'), '컨테이너 3개, 도는 중')
  assert.equal(words('3 containers, of a program'), '3 containers, of a program')
  assert.equal(words('no such service: a, b'), '서비스 a, b이(가) 없습니다')
})

test('before a unit alone stands nothing but a number', () => {
  assert.equal(words('2.5 s'), '2.5초')
  assert.equal(words('a program ended after 3 s'), 'a program ended after 3 s')
})

test('what the catalogue does not have stays as it is', () => {
  assert.equal(words('Error of a program'), 'Error of a program')
  assert.equal(words(''), '')
})
