import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { statusOf } from '#faces/docker/error.ts'
import { errorTexts, textOf } from './errors.ts'

const texts = errorTexts()
const kinds = Object.keys(statusOf).map((kind) => kind.replaceAll(' ', '-'))

/** The ids that are given to errors anywhere in the product, literally. */
const used = new Set(
  globSync('src/**/*.ts')
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/\b(?:code: |unreachable = |\? )'([a-z-]+\.[a-z-]+)'/g)].map(([, id]) => id ?? ''),
    ),
)

test('every error that is thrown is explained in both languages', () => {
  assert.ok(used.size > 100)
  const unexplained = [...used, ...kinds].filter((id) => textOf(id, texts) === undefined)
  assert.deepEqual(unexplained, [])
  for (const [id, { en, ko }] of Object.entries(texts)) {
    for (const part of ['what', 'why', 'try'] as const) {
      assert.ok(en[part].length > 0, `${id} ${part}`)
      assert.match(ko[part], /[가-힣]/, `${id} ${part}`)
    }
  }
})

test('no explanation is left over, and each says where to read', () => {
  const known = [...used, ...kinds]
  const idle = Object.keys(texts).filter((id) =>
    id.endsWith('.*') ? !known.some((one) => one.startsWith(id.slice(0, -1))) : !known.includes(id),
  )
  assert.deepEqual(idle, [])
  assert.deepEqual(
    Object.values(texts)
      .map(({ read }) => read)
      .filter((path) => !existsSync(path)),
    [],
  )
})
