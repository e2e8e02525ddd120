import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { korean } from './korean.ts'
import { literalsOf } from './literals.fixture.ts'
import { messages } from './messages.fixture.ts'
import { withParticles } from './particles.ts'
import { isKorean } from '../words.ts'

const catalogue = JSON.parse(readFileSync('words/korean.json', 'utf8')) as Record<string, string>
const told = messages()

test('all that people are told is there in Korean: what is listed here goes into words/korean.json', () => {
  assert.ok(told.length > 500)
  assert.deepEqual(
    told.filter((text) => !Object.hasOwn(catalogue, text)),
    [],
  )
})

test('nothing is left over in the catalogue', () => {
  const literals = new Set(
    globSync('src/**/*.ts')
      .filter((path) => !path.includes('.test.'))
      .flatMap((path) => literalsOf(readFileSync(path, 'utf8')).map(({ text }) => text)),
  )
  const isUsed = (text: string): boolean =>
    told.includes(text) || literals.has(text) || literals.has(text.replace(/: \{\}$/, '')) || literals.has(text.replace(/^\{\}/, ''))
  // A plan's actions are told in parts.
  const parts = [...literals].flatMap((text) => text.split(', '))
  assert.deepEqual(
    Object.keys(catalogue).filter((text) => !isUsed(text) && !parts.includes(text)),
    [],
  )
})

/** Nothing but names, numbers and units. */
const sameForAll = new Set(['a jar ({})', '{} of {} MB', 'cgroups: {}'])

/** How much need not be said again: a plural's ending, what stands there twice, and a prefix that the rest makes plain. */
function spare(english: string): number {
  return /connection\{\}|change\{\}|stat \{\}: no such file|plugin "\{\}" not found|^create \{\}: "\{\}"|^lookup \{\}/.test(english) ? 1 : 0
}

test('each Korean text has all that is put into the English one', () => {
  for (const [english, text] of Object.entries(catalogue)) {
    const count = english.split('{}').length - 1
    const used = new Set([...text.matchAll(/\{(\d+)\}/g)].map(([, number]) => Number(number)))
    assert.ok(
      [...used].every((number) => number < count),
      english,
    )
    assert.ok(used.size >= count - spare(english), english)
    if (!sameForAll.has(english)) assert.match(text, /[가-힣]/, english)
  }
})

test('no text fixes the particle behind what is put in, whose sound it cannot know', () => {
  const fixed = /\}["']?(은|는|이|가|을|를|과|와|으로|로)(?![\p{L}(])/u
  assert.deepEqual(
    Object.values(catalogue).filter((text) => fixed.test(text) && !text.includes("'}'이")),
    [],
  )
})

test('texts are found in the catalogue, with names and texts in them', () => {
  const words = korean()
  assert.equal(words('Container demo-db-1'), '컨테이너 demo-db-1')
  assert.equal(words('not up after 180 s: its health check has not passed yet'), '180초 안에 뜨지 않음: 헬스 체크를 아직 통과하지 않음')
  assert.equal(
    words('Did you mean --build? galley up --help lists the options.'),
    '혹시 --build? galley up --help 로 옵션을 볼 수 있습니다.',
  )
  assert.equal(
    words('web: switched with 3 connections (1 to the old container, 2 to the new one): 0 refused, 0 reset'),
    'web: 연결 3개와 함께 교체함(이전 컨테이너 1, 새 컨테이너 2): 거절 0, 끊김 0',
  )
  assert.equal(words('what a program printed'), 'what a program printed')
})

test('no text is taken for another one, with names in it', () => {
  const words = korean()
  const mistaken = Object.entries(catalogue).filter(([english, text]) => {
    // Before a unit alone stands a number.
    const name = /^\{\} \w{1,4}$/.test(english) ? '9' : 'x9'
    return words(english.replaceAll('{}', name)) !== withParticles(text.replaceAll(/\{\{?\d+\}\}?/g, name))
  })
  assert.deepEqual(
    mistaken.map(([english]) => english),
    [],
  )
})

test('a text that is told within another one stays within it', () => {
  assert.equal(
    korean()(
      'warning: Stand-in for postgres:17: PostgreSQL 17.12 of Debian trixie in the name of 17, with glibc and apt instead of musl and apk',
    ),
    '경고: postgres:17의 대체 이미지: 17 대신 Debian trixie의 PostgreSQL 17.12, musl과 apk 대신 glibc와 apt',
  )
})

test('particles follow the sound before them', () => {
  assert.equal(withParticles('네임스페이스이(가) 커널을(를) 메모리은(는)'), '네임스페이스가 커널을 메모리는')
  assert.equal(withParticles('"서비스"과(와) 파일(으)로 3(으)로 1(으)로 집(으)로'), '"서비스"와 파일로 3으로 1로 집으로')
  assert.equal(withParticles('web이(가)'), 'web이(가)')
})

test('both READMEs show the same commands', () => {
  const commands = (file: string): string[] =>
    [...readFileSync(file, 'utf8').matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
      block.split('\n').map((line) => line.replace(/ *#.*$/, '')),
    )
  assert.ok(commands('README.md').length > 10)
  assert.deepEqual(commands('README.ko.md'), commands('README.md'))
})

test('the locale is the first of the three variables that is set and not empty', () => {
  assert.equal(isKorean({ LANG: 'ko_KR.UTF-8' }), true)
  assert.equal(isKorean({ LANG: 'ko_KR.UTF-8', LC_ALL: 'C' }), false)
  assert.equal(isKorean({ LANG: 'en_US.UTF-8', LC_MESSAGES: 'ko' }), true)
  assert.equal(isKorean({ LANG: 'ko_KR.UTF-8', LC_ALL: '', LC_MESSAGES: 'de_DE' }), false)
  assert.equal(isKorean({ LANG: 'kok_IN' }), false)
  assert.equal(isKorean({}), false)
})
