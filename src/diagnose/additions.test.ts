import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { withPuts } from '#compose/model/edit/put.ts'
import { loadProject } from '#compose/model/load.ts'
import type { Project } from '#compose/model/model.ts'
import type { Additions, Finding } from './finding.ts'
import { advise, lint } from './lint.ts'
import type { Use } from './use.ts'

/** Changes of several lines: made in the file, which is loaded again. */
function loaded(compose: string): Project {
  const directory = mkdtempSync(`${tmpdir()}/galley-additions-`)
  try {
    writeFileSync(`${directory}/compose.yaml`, compose)
    return loadProject({ directory, files: [] }, { directory, environment: {} })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const use: Use = { memory: 50 * 2 ** 20, most: undefined, processors: 0.3, age: 60_000, user: 1000 }

function findings(compose: string): Finding[] {
  const facts = { project: loaded(compose), lineAt: () => undefined, groundOf: () => undefined, useOf: () => use }
  return [...lint(facts), ...advise(facts)]
}

function changeOf(compose: string, rule: string, service: string): Additions {
  const change = findings(compose).find((finding) => finding.rule === rule && finding.service === service)?.fix.change
  assert.ok(change !== undefined && 'puts' in change, rule)
  return change
}

function mended(compose: string, rule: string, service: string): string {
  const text = withPuts(compose, changeOf(compose, rule, service).puts)
  assert.ok(text !== undefined)
  assert.deepEqual(
    findings(text).filter((finding) => finding.rule === rule && finding.service === service),
    [],
  )
  return text
}

const project = `services:
  app:
    image: example/app:1
    depends_on: # all of it
      - db # the data
      - cache
  cache: {image: "redis:8", ports: ["127.0.0.1:6379:6379"]}
  db:
    image: postgres:17 # as the server has it

# nobody else's
volumes: {old: }
`

test('a weak depends_on gets its condition, the database its health check, and nothing else changes', () => {
  const text = mended(project, 'weak-depends-on', 'app')
  assert.equal(
    text,
    project
      .replace(
        '      - db # the data\n      - cache\n',
        '      db: # the data\n        condition: service_healthy\n      cache:\n        condition: service_started\n',
      )
      .replace(
        'has it\n',
        'has it\n    healthcheck:\n      test: pg_isready -h 127.0.0.1\n      interval: 5s\n      timeout: 5s\n      retries: 20\n',
      ),
  )
  assert.deepEqual(loaded(text).services['db']?.healthcheck?.test, ['CMD-SHELL', 'pg_isready -h 127.0.0.1'])
})

test('data get a volume, under the service and at the top', () => {
  const { volumes, services } = loaded(mended(project, 'data-outside-volume', 'db'))
  assert.ok('db-data' in volumes)
  assert.deepEqual(
    services['db']?.mounts.map(({ type, source, target }) => [type, source, target]),
    [['volume', 'db-data', '/var/lib/postgresql/data']],
  )
})

test('a mount above the volume that the image itself declares keeps no data', () => {
  const data = (image: string, target: string): boolean =>
    findings(`services:\n  db:\n    image: ${image}\n    volumes: ["d:${target}"]\nvolumes: {d: }\n`).some(
      ({ rule }) => rule === 'data-outside-volume',
    )
  assert.equal(data('postgres:17', '/var/lib/postgresql/data'), false)
  assert.equal(data('postgres:17-alpine', '/var/lib/postgresql'), true)
  assert.equal(data('postgres:18', '/var/lib/postgresql'), false)
  assert.equal(data('postgres', '/var/lib/postgresql'), false)
  assert.equal(data('mongo:8', '/data'), true)
})

test('limits are proposed by what was measured', () => {
  const { services } = loaded(mended(project, 'without-limits', 'app'))
  assert.deepEqual(services['app']?.deploy?.limits, { nanoCpus: 1e9, memory: 128 * 2 ** 20 })
})

test('a restart policy and a health check are put where they are missing', () => {
  assert.equal(loaded(mended(project, 'without-restart-policy', 'cache')).services['cache']?.restart.name, 'unless-stopped')
  assert.equal(loaded(mended(project, 'without-health-check', 'db')).services['db']?.healthcheck?.retries, 20)
})

test('nothing is proposed twice, or for what is switched off on purpose', () => {
  const off = project.replace('has it\n', 'has it\n    healthcheck: {disable: true}\n    restart: "no"\n')
  const found = findings(off).filter(({ service }) => service === 'db')
  assert.deepEqual(
    found.map(({ rule }) => rule),
    ['data-outside-volume', 'without-limits'],
  )
  assert.equal(findings(off).find(({ rule }) => rule === 'weak-depends-on')?.fix.change, undefined)
})
