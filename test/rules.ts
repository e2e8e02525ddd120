import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

/** What each room may import beside itself (docs/architecture.md). */
const layers = {
  base: [],
  host: ['base'],
  keeper: ['base', 'host'],
  store: ['base'],
  reconcile: ['base'],
  content: ['base', 'host'],
  engine: ['base', 'host', 'keeper', 'store', 'content'],
  sbom: ['base'],
  build: ['base', 'host', 'store', 'content', 'engine', 'sbom'],
  registry: ['base', 'store', 'content', 'engine'],
  compose: ['base', 'host', 'content', 'engine'],
  diagnose: ['base', 'host', 'content', 'engine', 'build', 'compose'],
  faces: ['base', 'host', 'keeper', 'content', 'engine', 'build', 'registry', 'compose', 'diagnose'],
  daemon: ['base', 'host', 'keeper', 'store', 'reconcile', 'content', 'engine', 'build', 'registry', 'compose', 'diagnose', 'faces'],
  cli: ['base', 'build', 'compose', 'diagnose', 'faces', 'daemon'],
} as const satisfies Record<string, readonly string[]>

const sources = globSync('src/**/*.ts').map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const product = sources.filter(({ path }) => !/\.test\.ts$|suite(-model)?\.ts$|crash-writer\.ts$|memory-content\.ts$|fixture/.test(path))

test('imports go one way', () => {
  const wrong = product.flatMap(({ path, text }) => {
    const room = path.split('/')[1] as keyof typeof layers
    const allowed: readonly string[] = [room, ...(layers[room] ?? [])]
    return [...text.matchAll(/(?:from|import\(|resolve\()\s*'#([a-z]+)\//g)]
      .filter(([, other]) => !allowed.includes(other ?? ''))
      .map(([line]) => `${path}: ${line}`)
  })
  assert.deepEqual(wrong, [])
})

test('docs/architecture.md says the same of each room', () => {
  const page = readFileSync('docs/architecture.md', 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z]+)\/` \|.*\| ([^|]+) \|$/gm)].map(([, room = '', may = '']) => ({ room, may }))
  const above = (room: string): string[] =>
    rows
      .slice(
        0,
        rows.findIndex((row) => row.room === room),
      )
      .map((row) => row.room)
  const read = ({ room, may }: (typeof rows)[number]): string[] => {
    const [, but] = /^all of the above but ([a-z]+)$/.exec(may) ?? []
    if (but !== undefined) return above(room).filter((other) => other !== but)
    return may === 'nothing' ? [] : may.split(', ')
  }
  assert.deepEqual(
    Object.fromEntries(rows.map((row) => [row.room, read(row).toSorted()])),
    Object.fromEntries(Object.entries(layers).map(([room, may]) => [room, may.toSorted()])),
  )
  assert.deepEqual(
    rows.flatMap((row) =>
      read(row)
        .filter((other) => !above(row.room).includes(other))
        .map((other) => `${row.room} ${other}`),
    ),
    [],
  )
})

/** Dangerous calls and the only places for them. */
const dangers = [
  { what: 'starts a process', pattern: /from 'node:child_process'/, where: /^src\/(host\/process|keeper|daemon|cli)\// },
  { what: 'reads the environment', pattern: /process\.env\b/, where: /^src\/(daemon|cli)\// },
  { what: 'deletes a tree', pattern: /\brm(Sync)?\([^)]*recursive: true/, where: /^src\/(host\/files|content\/layers\/extract)/ },
  { what: 'sets a timer beside the clock', pattern: /(?<!\.)\bset(Timeout|Interval)\(/, where: /^src\/base\/clock/ },
] as const

for (const { what, pattern, where } of dangers) {
  test(`nothing ${what} outside its place`, () => {
    assert.deepEqual(
      product.filter(({ path, text }) => pattern.test(text) && !where.test(path)).map(({ path }) => path),
      [],
    )
  })
}

test('every path in where-is-it exists', () => {
  const paths = [...readFileSync('docs/where-is-it.md', 'utf8').matchAll(/`((?:src|test|bench|docs|packaging)\/[^`]+)`/g)].map(
    ([, path]) => path ?? '',
  )
  assert.ok(paths.length > 5)
  assert.deepEqual(
    paths.filter((path) => !existsSync(path)),
    [],
  )
})

test('every test that docs/security.md leans on exists', () => {
  const page = readFileSync('docs/security.md', 'utf8')
  const promises = [...page.matchAll(/`([^`]+\.test\.ts)`((?:,? “[^”]+”)+)/g)].flatMap(([, path = '', names = '']) =>
    [...names.matchAll(/“([^”]+)”/g)].map(([, name = '']) => ({ path, name })),
  )
  assert.ok(promises.length > 30)
  assert.deepEqual(
    promises.filter(({ path, name }) => !existsSync(path) || !readFileSync(path, 'utf8').includes(name)),
    [],
  )
})
