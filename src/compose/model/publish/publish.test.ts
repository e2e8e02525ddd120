import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { parse } from 'yaml'
import { artifactTypes, envFileLayer, fileLayer, filesOf, type Layer } from './artifact.ts'
import { findingsIn } from './findings.ts'
import { layersOf } from './layers.ts'

function layersIn(files: Readonly<Record<string, string>>, withEnv = true, named = ['compose.yaml']): Layer[] {
  const directory = mkdtempSync(`${tmpdir()}/galley-publish-`)
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(`${directory}/${name}`, text)
    return layersOf({ files: named.map((name) => `${directory}/${name}`), directory, variables: { STAGE: 'test' }, withEnv })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

interface Written {
  readonly services: Readonly<Record<string, { readonly env_file?: unknown; readonly extends?: { readonly file?: string } }>>
}

const hashed = { env: /^[0-9a-f]{64}\.env$/, yaml: /^[0-9a-f]{64}\.yaml$/ } as const

test('files are published as they are written, but for the names of others, in every way to write these', () => {
  const source = `# why
services:
  a: {image: x, env_file: a.env, extends: {file: 'base.yaml', service: base}}
  b:
    image: "y:\${TAG}"
    env_file:
      - "\${STAGE}.env" # of the stage
      - path: absent.env
        required: false
    environment: [A=1]
`
  const files = { 'compose.yaml': source, 'base.yaml': 'services: {base: {env_file: a.env}}\n', 'a.env': 'A=1\n', 'test.env': 'T=1\n' }
  const layers = layersIn(files)
  const [first] = layers
  const written = parse(first?.text ?? '') as Written
  assert.match(String(written.services['a']?.env_file), hashed.env)
  assert.match(String(written.services['a']?.extends?.file), hashed.yaml)
  const { env_file: listed } = written.services['b'] ?? {}
  const [stage, absent] = listed as [string, { path: string }]
  assert.match(stage, hashed.env)
  assert.match(absent.path, hashed.env)
  assert.match(first?.text ?? '', /^# why\n[^]*image: "y:\$\{TAG\}"[^]*# of the stage/)
  assert.doesNotMatch(first?.text ?? '', /base\.yaml|\ba\.env|absent\.env/)
  const unpacked = filesOf(layers)
  assert.equal(unpacked.get(String(written.services['a']?.extends?.file))?.includes(String(written.services['a']?.env_file)), true)
  assert.equal(unpacked.get(stage), 'T=1\n')
  assert.equal(unpacked.has(absent.path), false)
})

test('names of others are changed also where a merge or an alias brings them, once in each place', () => {
  const source = `x-base: &base
  env_file: a.env
  extends: {file: base.yaml, service: base}
x-more: &more {<<: *base, env_file: &list [b.env, path: c.env]}
services:
  a: {image: x, <<: *base}
  b: {image: y, <<: [*more, *base]}
  c: {<<: *base, image: z, env_file: d.env}
  d: &whole {image: w, env_file: e.env}
  e: *whole
  f: {image: v, env_file: *list}
`
  const envFiles = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}.env`, `NAME=${name}\n`]))
  const layers = layersIn({ 'compose.yaml': source, 'base.yaml': 'services: {base: {image: b}}\n', ...envFiles })
  const text = layers[0]?.text ?? ''
  const unpacked = filesOf(layers)
  const { services } = parse(text, { merge: true }) as Written
  const namesOf = (service: string): (string | undefined)[] =>
    [services[service]?.env_file].flat().map((entry) => unpacked.get(typeof entry === 'string' ? entry : (entry as { path: string }).path))
  assert.deepEqual(Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, namesOf(name)])), {
    a: ['NAME=a\n'],
    b: ['NAME=b\n', 'NAME=c\n'],
    c: ['NAME=d\n'],
    d: ['NAME=e\n'],
    e: ['NAME=e\n'],
    f: ['NAME=b\n', 'NAME=c\n'],
  })
  assert.match(String(services['a']?.extends?.file), hashed.yaml)
  assert.doesNotMatch(text, /base\.yaml|\b[a-e]\.env/)
})

test('an env_file goes along only when that is wished for', () => {
  const files = { 'compose.yaml': 'services: {a: {image: x, env_file: a.env}}\n', 'a.env': 'SECRET=1\n' }
  assert.deepEqual(
    layersIn(files, false).map(({ mediaType }) => mediaType),
    [artifactTypes.file],
  )
  assert.equal(layersIn(files, true)[1]?.text, 'SECRET=1\n')
})

test('an include of a file here is refused, one from elsewhere stays', () => {
  assert.throws(() => layersIn({ 'compose.yaml': 'include: [other.yaml]\n' }), /cannot publish compose file with local includes/)
  assert.throws(() => layersIn({ 'compose.yaml': 'include: [{path: [oci://x/y, other.yaml]}]\n' }), /includes other\.yaml/)
  const source = 'include: [oci://x/y, https://host/z.git#main:sub]\n'
  assert.equal(layersIn({ 'compose.yaml': source })[0]?.text, source)
})

test('no name in a layer leads out of the directory, or takes the place of another file', () => {
  const compose = fileLayer('compose.yaml', 'services: {}\n')
  const names = ['../x', '/etc/x', 'a/b', String.raw`a\b`, '..', '.', '', 'compose.yaml', '.profile', 'a\0b', '-x/../y', 'x'.repeat(300)]
  for (const name of names) {
    assert.throws(() => filesOf([compose, envFileLayer(name, '')]), /invalid published project/, JSON.stringify(name))
    assert.throws(() => filesOf([compose, fileLayer(name, '', true)]), /invalid published project/, JSON.stringify(name))
  }
  assert.throws(() => filesOf([compose, { mediaType: artifactTypes.envFile, annotations: {}, text: '' }]), /has no name/)
  assert.throws(() => filesOf([envFileLayer('a.env', '')]), /has no Compose file/)
  // What is put over each other is one file, whatever its layers say of their names.
  const merged = filesOf([fileLayer('../../x', 'a: 1'), fileLayer('y', 'b: 2')])
  assert.deepEqual([...merged], [['compose.yaml', 'a: 1\n---\nb: 2']])
})

test('what could be secret is found, and variables that are left in place are not', () => {
  const text = `services:
  a: {image: x, environment: {DB_PASSWORD: hunter2, API_KEY: "\${KEY}", GREETING: hello}}
  b: {image: x, environment: ["TOKEN=abc", "SECRET=$S", PASSWORD], env_file: [b.env]}
  c: {image: x, command: "psql postgres://me:pw@db/x"}
configs: {one: {content: "a: b"}, two: {content: "\${ALL}"}}
`
  const found = findingsIn([fileLayer('compose.yaml', text), envFileLayer('b.env', 'PLAIN=1\nAPI_TOKEN=abc\nOTHER_TOKEN=$X\n')])
  assert.deepEqual(found.environment, [
    'service "a": literal value for DB_PASSWORD',
    'service "b": env_file declared; without --with-env whoever runs it has none',
    'service "b": literal value for TOKEN',
  ])
  assert.deepEqual(found.contents, ['config "one"'])
  assert.deepEqual(found.secrets, ['password in an address', 'API_TOKEN'])
  const keys = ['-----BEGIN OPENSSH PRIVATE KEY-----', `AKIA${'A'.repeat(16)}`, `ghp_${'a'.repeat(36)}`, `AIza${'a'.repeat(35)}`]
  for (const key of keys) assert.equal(findingsIn([fileLayer('compose.yaml', `x-a: "${key}"\n`)]).secrets.length, 1, key)
})
