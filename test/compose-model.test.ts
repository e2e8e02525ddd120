import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { after, test } from 'node:test'
import { parseArgs } from 'node:util'
import { kindOf, messageOf } from '#base/error.ts'
import type { LoadRequest, Wishes } from '#compose/model/find.ts'
import { serviceHash } from '#compose/model/hash.ts'
import { loadDocument, type Loaded } from '#compose/model/load.ts'
import { loadOpen } from '#compose/model/open.ts'
import { openText, printedText, type Format } from '#compose/model/printed.ts'
import { fieldIn, type Mapping } from '#compose/model/tree.ts'
import { accepted, type Case } from './compose-cases.ts'
import { refused } from './compose-refusals.ts'
import { newerPlugin } from './newer-clients.ts'

/** Whether Galley makes of Compose files what Docker Compose makes of them: to the byte, its hashes included. */
const home = mkdtempSync(`${tmpdir()}/galley-compose-model-`)
after(() => rmSync(home, { recursive: true, force: true }))
const galley = new URL('../galley', import.meta.url).pathname
const compose = await newerPlugin('docker-compose')
const skip = compose === undefined ? 'no suite that has docker-compose can be reached' : false

let count = 0

function written({ files }: Case): string {
  const directory = `${home}/project-${count++}`
  mkdirSync(directory)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(`${directory}/${name}`), { recursive: true })
    writeFileSync(`${directory}/${name}`, text)
  }
  return directory
}

function variables({ environment }: Case): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: '/root', ...environment }
}

/** What a program prints; undefined when it fails. */
function run(program: string, one: Case, directory: string, ...args: readonly string[]): string | undefined {
  const command = program === galley ? ['compose', ...(one.options ?? [])] : (one.options ?? [])
  const { status, stdout } = spawnSync(program, [...command, 'config', ...args], {
    cwd: directory,
    env: variables(one),
    encoding: 'utf8',
    timeout: 120_000,
  })
  return status === 0 ? stdout : undefined
}

/** The same in this process, for speed; the options are those of the command. */
function load(one: Case, directory: string, wishes: Partial<Wishes> = {}): Loaded {
  return loadDocument({ ...requestOf(one), wishes }, { directory, environment: variables(one) })
}

/** The same with variables left in place; undefined when it is refused. */
function open(one: Case, directory: string, format: Format): string | undefined {
  try {
    return openText(loadOpen(requestOf(one), { directory, environment: variables(one) }).document, format)
  } catch (error) {
    return void assert.equal(kindOf(error), 'invalid', messageOf(error))
  }
}

function requestOf(one: Case): LoadRequest {
  const many = { type: 'string', multiple: true } as const
  const options = {
    file: { ...many, short: 'f' },
    profile: many,
    'env-file': many,
    'project-name': { type: 'string', short: 'p' },
    'project-directory': { type: 'string' },
  } as const
  const { values } = parseArgs({ args: [...(one.options ?? [])], options })
  return {
    files: values.file ?? [],
    profiles: values.profile,
    envFiles: values['env-file'],
    projectName: values['project-name'],
    projectDirectory: values['project-directory'],
  }
}

function hashes({ document }: Loaded): string {
  const services = fieldIn(document, 'services') as Mapping | undefined
  const lines = [...(services?.entries ?? [])].map(([name, { value }]) => `${name} ${serviceHash(value as Mapping)}\n`)
  return lines.toSorted().join('')
}

for (const [name, one] of Object.entries(accepted)) {
  test(`both tools make the same of it: ${name}`, { skip }, () => {
    const directory = written(one)
    const peer = (...args: string[]): string => run(compose ?? '', one, directory, ...args) ?? assert.fail('docker compose refuses it')
    assert.equal(printedText(load(one, directory), 'yaml'), peer())
    // Docker Compose leaves models out of its JSON.
    if (!name.startsWith('models')) assert.equal(printedText(load(one, directory), 'json'), peer('--format', 'json'))
    assert.equal(hashes(load(one, directory, { readsFiles: false })), peer('--hash', '*'))
    for (const format of ['yaml', 'json'] as const)
      assert.equal(open(one, directory, format), run(compose ?? '', one, directory, '--no-interpolate', '--format', format), 'open')
  })
}

for (const [name, [one, message]] of Object.entries(refused)) {
  test(`both tools refuse it: ${name}`, { skip }, () => {
    const directory = written(one)
    assert.equal(run(compose ?? '', one, directory), undefined, 'docker compose takes it')
    let said = ''
    try {
      load(one, directory)
    } catch (error) {
      said = messageOf(error)
    }
    assert.match(said, message)
  })
}

const shop: Case = {
  files: {
    'compose.yaml': `services:
  web: {image: "web:\${TAG:-1}", depends_on: [db], networks: [front], environment: {A: "\${A:?}", B: "$B"}, env_file: e.env}
  db: {build: ./db, volumes: ["data:/data"], profiles: [with-db]}
  extra: {image: extra, profiles: [more], secrets: [s]}
networks: {front: , unused: }
volumes: {data: , other: }
secrets: {s: {file: s}}
`,
    'e.env': 'E=1\n',
  },
  options: ['--profile', 'with-db'],
  environment: { A: 'a' },
}

/** What the order of is left to chance in Docker Compose. */
const sorted = (text: string | undefined): string => (text ?? '').split('\n').toSorted().join('\n')

test('galley compose config takes the options of docker compose config', { skip }, () => {
  const directory = written(shop)
  const both = (...args: string[]): [string | undefined, string | undefined] => [
    run(galley, shop, directory, ...args),
    run(compose ?? '', shop, directory, ...args),
  ]
  for (const args of [
    [],
    ['--format', 'json'],
    ['--services'],
    ['--profiles'],
    ['--hash', '*'],
    ['--hash', 'web,db'],
    ['--no-path-resolution'],
    ['--no-normalize'],
    ['db'],
    ['-q'],
  ]) {
    const [own, theirs] = both(...args)
    assert.equal(own, theirs, args.join(' '))
  }
  for (const args of [['--volumes'], ['--networks'], ['--images']]) {
    const [own, theirs] = both(...args)
    assert.equal(sorted(own), sorted(theirs), args.join(' '))
  }
  const [own, theirs] = both('--variables', '--format', 'json')
  assert.deepEqual(JSON.parse(own ?? ''), JSON.parse(theirs ?? ''))
  // Each shell adds variables of its own.
  const environment = (text: string | undefined): string[] =>
    (text ?? '').split('\n').filter((line) => /^(A|COMPOSE_PROJECT_NAME|HOME)=/.test(line))
  const [ours, compared] = both('--environment')
  assert.deepEqual(environment(ours), environment(compared))
  assert.equal(environment(ours).length, 3)
})

test('what is printed can be read again, and is the same then', { skip }, () => {
  const directory = written(shop)
  const printed = run(galley, shop, directory)
  writeFileSync(`${directory}/printed.yaml`, printed ?? '')
  const again: Case = { ...shop, options: ['-f', 'printed.yaml', '--profile', 'with-db'] }
  assert.equal(run(galley, again, directory)?.replaceAll('printed', ''), printed?.replaceAll('printed', ''))
  run(galley, shop, directory, '-o', 'saved.yaml')
  assert.equal(run(galley, { ...shop, options: ['-f', 'saved.yaml', '--profile', 'with-db'] }, directory), run(galley, again, directory))
})

test('variables are left in place on request', { skip }, () => {
  const directory = written(shop)
  const both = (...args: string[]): [string | undefined, string | undefined] => [
    run(galley, shop, directory, '--no-interpolate', ...args),
    run(compose ?? '', shop, directory, '--no-interpolate', ...args),
  ]
  for (const args of [[], ['--format', 'json'], ['--no-normalize'], ['--no-path-resolution'], ['web']]) {
    const [own, theirs] = both(...args)
    assert.match(own ?? '', /web:\$\{TAG:-1\}/)
    assert.equal(own, theirs, args.join(' '))
  }
  for (const args of [['--services'], ['--volumes'], ['--networks'], ['--images'], ['--profiles']]) {
    const [own, theirs] = both(...args)
    assert.equal(sorted(own), sorted(theirs), args.join(' '))
  }
})

test('the lists of config are those of docker compose, services by name or not', { skip }, () => {
  const directory = written(shop)
  for (const args of [
    ['--services'],
    ['--volumes'],
    ['--networks'],
    ['--images'],
    ['--profiles'],
    ['--variables'],
    ['--variables', '--format', 'yaml'],
  ]) {
    assert.equal(
      sorted(run(galley, shop, directory, ...args, 'web')),
      sorted(run(compose ?? '', shop, directory, ...args, 'web')),
      args.join(' '),
    )
  }
  assert.equal(run(galley, shop, directory, '--variables', '--format', 'xml'), undefined)
})

test('services that depend on each other in a circle are listed when nothing is checked, and none needs its env_file', { skip }, () => {
  const circle: Case = {
    files: {
      'compose.yaml':
        'services: {a: {image: x, depends_on: [b], env_file: none.env}, b: {image: x, depends_on: [a]}, c: {image: x, depends_on: [a]}}',
    },
  }
  const directory = written(circle)
  for (const args of [
    ['--no-interpolate', '--services'],
    ['--no-consistency', '--images'],
  ])
    assert.equal(sorted(run(galley, circle, directory, ...args)), sorted(run(compose ?? '', circle, directory, ...args)), args.join(' '))
})

test("variables are the caller's, whatever galley is started with itself", { skip }, () => {
  const names = ['MALLOC_ARENA_MAX', 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS', 'GALLEY_CALLER']
  const file = `services: {a: {image: x, environment: {${names.map((name) => `${name}: "\${${name}-none}"`).join(', ')}}}}`
  for (const environment of [{}, { MALLOC_ARENA_MAX: '3', NODE_COMPILE_CACHE: `${home}/a b`, NODE_EXTRA_CA_CERTS: '' }]) {
    const one = { files: { 'compose.yaml': file }, environment }
    const directory = written(one)
    assert.equal(run(galley, one, directory), run(compose ?? '', one, directory))
  }
})

test('a Compose file may come over standard input, and not from any address', () => {
  const directory = written({ files: {} })
  const input = 'services: {a: {build: ./x}}'
  const piped = spawnSync(galley, ['config', '-f', '-'], { cwd: directory, env: variables(shop), encoding: 'utf8', input })
  assert.match(piped.stdout, new RegExp(`context: ${directory}/x\\n`))
  const remote = { files: { 'compose.yaml': 'include: [https://example.com/x.yaml]\nservices: {}\n' } }
  assert.throws(() => load(remote, written(remote)), {
    kind: 'not implemented',
    message: /compose\.yaml:1:11: a Compose file from elsewhere/,
  })
})

test('a service that is not there is answered with what was meant', () => {
  const directory = written(shop)
  const { status, stderr } = spawnSync(galley, ['config', '--profile', 'with-db', 'wbe'], {
    cwd: directory,
    env: variables(shop),
    encoding: 'utf8',
  })
  assert.equal(status, 3)
  assert.match(stderr, /no such service: wbe\nhint: Did you mean web\?/)
})
