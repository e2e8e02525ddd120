import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import type { Position } from '#compose/model/model.ts'
import { loadProject } from '#compose/model/load.ts'
import { inBothLanguages } from './both-languages.fixture.ts'
import type { Finding } from './finding.ts'
import { advise, lint } from './lint.ts'
import { exampleOf } from './pages.fixture.ts'
import { rules } from './rules.ts'

function findings(compose: string, look = lint): Finding[] {
  const directory = mkdtempSync(`${tmpdir()}/galley-lint-`)
  try {
    writeFileSync(`${directory}/compose.yaml`, compose)
    const project = loadProject({ directory, files: [] }, { directory, environment: { DB_PASSWORD: 'hunter2' } })
    const lineAt = ({ line }: Position): string | undefined => compose.split('\n')[line - 1]
    return inBothLanguages(look({ project, lineAt, groundOf: () => undefined, useOf: () => undefined }))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

for (const { id, severity } of rules.filter((rule) => rule.lint !== undefined)) {
  const all = (compose: string): Finding[] => [...findings(compose), ...(severity === 'advice' ? findings(compose, advise) : [])]
  test(`${id}: the bad example of its page is found by it alone, the good one by nothing`, () => {
    assert.deepEqual(
      all(exampleOf(id, 'Bad').compose).map((finding) => [finding.rule, finding.severity]),
      [[id, severity]],
    )
    assert.deepEqual(
      all(exampleOf(id, 'Good').compose).map(({ rule }) => rule),
      [],
    )
  })
}

test('a change that is proposed is the good line', () => {
  const [finding] = findings(
    'services:\n  a:\n    image: x:1\n    environment:\n      URL: redis://127.0.0.1/0\n  cache:\n    image: redis:8\n    expose: [6379]\n',
  )
  const change = finding?.fix.change
  assert.ok(change !== undefined && 'at' in change)
  assert.equal(change.after, 'redis://cache/0')
  assert.equal(change.at.line, 5)
})

test("a page's address that a browser on this machine asks at the published port is for browsers, and no mistake", () => {
  const project = (port: string, url = 'http://localhost:9000/default'): string =>
    `services:\n  app:\n    image: x:1\n    environment:\n      STORAGE_URL: ${url}\n  store:\n    image: x:1\n    ports: ["${port}"]\n`
  const found = (text: string): readonly string[] => findings(text).map(({ rule }) => rule)
  assert.deepEqual(found(project('9000:9000')), [])
  for (const mistaken of [project('9001:9000'), project('9000:9000', 'redis://localhost:9000')])
    assert.deepEqual(found(mistaken), ['localhost-for-another-service'])
})

test('a database is known by what runs in its image, and its data by who made the image', () => {
  const found = (text: string): readonly string[] => findings(`services:\n  db: {${text}}\n`).map(({ rule }) => rule)
  const lost = ['data-outside-volume']
  assert.deepEqual(found('image: "mongo:7"'), lost)
  assert.deepEqual(found('image: "mongo:7", entrypoint: [bash, /scripts/setup.sh]'), [])
  assert.deepEqual(found('image: "mongo:7", command: sh -c "mongod --replSet rs"'), lost)
  assert.deepEqual(found('image: "lscr.io/linuxserver/mariadb:11", volumes: ["./db:/config"]'), [])
  assert.deepEqual(found('image: "lscr.io/linuxserver/mariadb:11", volumes: ["./db:/var/lib/mysql"]'), lost)
})

test('what a database is to do about a password is no secret', () => {
  const project = 'services:\n  db:\n    image: mariadb:11\n    volumes: ["data:/var/lib/mysql"]\n    environment:\n'
  const choices = '      MARIADB_RANDOM_ROOT_PASSWORD: "yes"\n      MYSQL_ALLOW_EMPTY_PASSWORD: "true"\nvolumes:\n  data:\n'
  assert.deepEqual(findings(project + choices), [])
})

function secretChange(setting: string): readonly [string, string] | undefined {
  const change = findings(`services:\n  a:\n    image: x:1\n    environment:\n      ${setting}\n`)[0]?.fix.change
  return change !== undefined && 'before' in change ? [change.before, change.after] : undefined
}

test('the path of a mounted secret is no secret', () => {
  assert.equal(secretChange('- DATABASE_PASSWORD=/run/secrets/db-password'), undefined)
})

test('of a default that is a secret, the whole expression is replaced, by the variable that it asks for', () => {
  assert.deepEqual(secretChange('- MYSQL_PASSWORD=${DB_PASS:-myp@ss}'), ['${DB_PASS:-myp@ss}', '${DB_PASS:?}'])
  assert.deepEqual(secretChange('JWT_SECRET: "${JWT_SECRET-s3cret}"'), ['${JWT_SECRET-s3cret}', '${JWT_SECRET:?}'])
})

test('the value of a secret is replaced also where its variable has the same letters', () => {
  assert.deepEqual(secretChange('- db_password=password'), ['db_password=password', 'db_password=${db_password:?}'])
})

test('the health check that is proposed for MongoDB calls the shell that its version has', () => {
  const fixOf = (tag: string): string | undefined =>
    findings(
      `services:\n  a:\n    image: x:1\n    depends_on: [db]\n  db:\n    image: mongo:${tag}\n    volumes: ["d:/data/db"]\nvolumes:\n  d:\n`,
    )[0]?.fix.text.en
  assert.match(fixOf('4.2.0') ?? '', /test: mongo --quiet/)
  assert.match(fixOf('5-focal') ?? '', /test: mongosh --quiet/)
  assert.match(fixOf('7.0') ?? '', /test: mongosh --quiet/)
})
