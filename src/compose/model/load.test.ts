import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { GalleyError } from '#base/error.ts'
import type { LoadRequest } from './find.ts'
import { loadProject } from './load.ts'
import type { Project } from './model.ts'

const home = mkdtempSync(`${tmpdir()}/galley-compose-`)
after(() => rmSync(home, { recursive: true, force: true }))
let count = 0

function load(
  files: Readonly<Record<string, string>>,
  request: LoadRequest = {},
  environment: Readonly<Record<string, string>> = {},
): Project {
  const directory = `${home}/p${count++}`
  mkdirSync(directory)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(`${directory}/${name}`), { recursive: true })
    writeFileSync(`${directory}/${name}`, text)
  }
  return loadProject(request, { directory, environment })
}

/** Loads one file, with the place relative to it in errors. */
function failure(text: string): string {
  try {
    load({ 'compose.yaml': text })
  } catch (error) {
    assert.ok(error instanceof GalleyError)
    return `${error.message.replace(/^.*compose\.yaml:/, '')}${error.advice === undefined ? '' : ` | ${error.advice}`}`
  }
  return assert.fail('it was accepted')
}

const lecture = `version: '3.8'
services:
  mysql:
    image: mysql:8.4
    container_name: mysql-db
    ports:
      - "3306:3306"
    volumes:
      - ./mysql/conf.d:/etc/mysql/conf.d
    environment:
      MYSQL_ROOT_PASSWORD: root_password # Change as needed
      MYSQL_DATABASE: meal
    networks:
      - test_network
  app:
    image: seminar/spring:latest
    restart: on-failure
    container_name: spring-app
    ports:
      - "8080:8080"
    depends_on:
      - mysql
    environment:
      SPRING_DATASOURCE_URL: "jdbc:mysql://localhost:3306/meal"
    networks:
      - test_network
networks:
  test_network:
`

test("the lecture's file is read, with the place of every value", () => {
  const { services, networks, warnings, directory } = load({ 'docker-compose.yml': lecture }, { projectName: 'meal' })
  assert.deepEqual(
    Object.values(networks).map(({ name, external, internal }) => [name, external, internal]),
    [['meal_test_network', false, false]],
  )
  const { mysql, app } = services
  assert.deepEqual(
    mysql?.mounts.map(({ type, source, target }) => [type, source, target]),
    [['bind', `${directory}/mysql/conf.d`, '/etc/mysql/conf.d']],
  )
  assert.deepEqual(app?.dependsOn, { mysql: { condition: 'service_started', required: true } })
  assert.deepEqual(app?.environment['SPRING_DATASOURCE_URL'], {
    value: 'jdbc:mysql://localhost:3306/meal',
    at: { file: `${directory}/docker-compose.yml`, line: 24, column: 30 },
  })
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /docker-compose\.yml:1:1: the attribute `version` is obsolete/)
})

test('an override file is put over the first: mappings key by key, lists added, commands replaced, mounts by target', () => {
  const project = load({
    'compose.yaml': `
services:
  a:
    image: one
    command: [sh, -c, first]
    environment: [A=1, B=1]
    ports: ["80", "1:1"]
    volumes: ["./x:/data", "named:/other"]
volumes: {named: }
`,
    'compose.override.yaml': `
services:
  a:
    image: two
    command: echo 'se cond'
    environment: {B: 2, C: "3"}
    ports: ["1:1", "81"]
    volumes: ["./y:/data:ro"]
  b: {build: ./b, depends_on: [a]}
`,
  })
  const { a, b } = project.services
  assert.equal(a?.image, 'two')
  assert.deepEqual(a?.command, ['echo', 'se cond'])
  assert.deepEqual(
    Object.entries(a?.environment ?? {}).map(([name, { value }]) => `${name}=${value}`),
    ['A=1', 'B=2', 'C=3'],
  )
  assert.deepEqual(
    a?.ports.map(({ target }) => target),
    [80, 1, 81],
  )
  assert.deepEqual(
    a?.mounts.map(({ source, target, readOnly }) => [source.replace(project.directory, ''), target, readOnly]),
    [
      ['/y', '/data', true],
      ['named', '/other', false],
    ],
  )
  assert.equal(b?.image, `${project.name}-b`)
  assert.equal(b?.build?.context, `${project.directory}/b`)
})

test('variables come from the shell, then from .env; keys are left alone; an unset one is warned of', () => {
  const { services, warnings } = load(
    {
      '.env': 'TAG=env\nPORT=8081\n',
      'compose.yaml': 'services:\n  a:\n    image: box:${TAG}\n    ports: ["${PORT}:80"]\n    environment: {$TAG: "$GONE", PLAIN: }\n',
    },
    {},
    { TAG: 'shell', PLAIN: 'p' },
  )
  assert.equal(services['a']?.image, 'box:shell')
  assert.equal(services['a']?.ports[0]?.published, 8081)
  assert.deepEqual(Object.keys(services['a']?.environment ?? {}), ['$TAG', 'PLAIN'])
  assert.equal(services['a']?.environment['PLAIN']?.value, 'p')
  assert.match(warnings.join(), /:5:25: The "GONE" variable is not set/)
})

test('env_file lies under environment; a missing one is refused unless it need not be there', () => {
  const { services } = load({
    'a.env': 'A=file\nB=file\n',
    'compose.yaml':
      'services:\n  a:\n    image: box\n    env_file: [a.env, {path: none.env, required: false}]\n    environment: {B: own}\n',
  })
  assert.deepEqual(
    Object.entries(services['a']?.environment ?? {}).map(([name, { value }]) => `${name}=${value}`),
    ['A=file', 'B=own'],
  )
  assert.match(failure('services:\n  a:\n    image: box\n    env_file: none.env\n'), /^4:15: env file .*none\.env not found/)
})

test('anchors and merge keys work', () => {
  const { services } = load({
    'compose.yaml': 'x-base: &base {image: box, restart: always}\nservices:\n  a: {<<: *base, restart: "no"}\n  b: *base\n',
  })
  assert.deepEqual([services['a']?.image, services['a']?.restart.name, services['b']?.restart.name], ['box', 'no', 'always'])
})

test('aliases of aliases of aliases fill no memory', () => {
  const row = (content: string): string => `[${Array.from({ length: 10 }, () => content).join(', ')}]`
  const levels = Array.from({ length: 9 }, (_, level) => `x-${level}: &a${level} ${row(level === 0 ? 'x' : `*a${level - 1}`)}\n`)
  assert.match(failure(`${levels.join('')}services: {a: {image: b}}\n`), /nested too deeply or too large/)
})

test('what is wrong is told with its place and what was meant', () => {
  assert.match(
    failure('services:\n  a:\n    imgae: box\n'),
    /^3:5: additional property "imgae" is not allowed in services\.a \| Did you mean "image"\?/,
  )
  assert.match(failure('services:\n  a:\n    image:box\n'), /^3:5: services\.a must be a mapping \| It is written "key: value"/)
  assert.match(
    failure('services:\n  a: {image: box, ports: "80"}\n'),
    /^2:26: services\.a\.ports must be a list \| Each item begins with "- "/,
  )
  assert.match(failure('services:\n  a: {image: box, ports: ["x:80"]}\n'), /^2:27: invalid port "x:80"/)
  assert.match(failure('services:\n  a: {image: box, volumes: ["data:/x"]}\n'), /^2:29: service "a" refers to undefined volume data/)
  assert.match(failure('services:\n  a: {image: box, depends_on: [b]}\n'), /service "a" depends on undefined service "b"/)
  assert.match(
    failure('services:\n  a: {image: b, depends_on: [b]}\n  b: {image: b, depends_on: [a]}\n'),
    /dependency cycle detected: a -> b -> a/,
  )
  assert.match(failure('services:\n  a: {image: box, restart: sometimes}\n'), /^2:28: invalid restart policy "sometimes"/)
  assert.match(failure('services:\n  a:\n   image: "${X:?needed}"\n'), /^3:11: required variable X is missing a value: needed/)
  assert.match(failure('services:\n  a: {image: [\n'), /^\d+:\d+: /)
  assert.match(failure('services: {a: {environment: {}}}'), /service "a" has neither an image nor a build context specified/)
})

test('where an unset variable left nothing, the variables are told, and the file that has values to begin with', () => {
  const project = { 'compose.yaml': 'services:\n  a:\n    image: x:1\n    volumes:\n      - ${CODE}:${TARGET}\n' }
  const advice = (files: Readonly<Record<string, string>>): string | undefined => {
    try {
      load({ ...project, ...files })
    } catch (error) {
      assert.ok(error instanceof GalleyError)
      assert.match(error.message, /compose\.yaml:5:9: invalid volume ":"$/)
      return error.advice
    }
    return assert.fail('it was accepted')
  }
  assert.equal(advice({}), 'Set CODE, TARGET in the environment or in the .env file.')
  assert.equal(
    advice({ '.env.example': 'CODE=./code\n' }),
    'Nothing is set for CODE, TARGET: copy .env.example to .env, and look through it.',
  )
  assert.equal(advice({ '.env.example': '', '.env': 'CODE=\n' }), 'Set TARGET in the environment or in the .env file.')
  assert.equal(failure("services: {a: {image: 'x:1', volumes: [':']}}").split(' | ')[1], 'Write it as SOURCE:/TARGET or SOURCE:/TARGET:ro.')
})

test('a key without a value is refused once files are merged, but for those that stand for what is usual', () => {
  const place = (text: string): string => failure(text).split(' | ')[0] ?? ''
  assert.equal(place('services:\n  a:\n    image: x:1\n    environment:\n'), '4:5: services.a.environment has no value')
  assert.equal(place('services:\n  a:\n    build:\n      context: .\n      args:\n'), '5:7: services.a.build.args has no value')
  assert.equal(place('services: {a: {image: "x:1", depends_on: {a: }}}'), '1:43: services.a.depends_on.a has no value')
  const usual = 'services: {a: {image: "x:1", command: , entrypoint: , deploy: , environment: {A: }, networks: {n: }}}\nnetworks: {n: }\n'
  assert.deepEqual(Object.keys(load({ 'compose.yaml': usual }).services), ['a'])
  const below = { 'compose.yaml': 'services: {a: {image: "x:1", ports: ["80"]}}\n', 'compose.override.yaml': 'services: {a: {ports: }}\n' }
  assert.equal(load(below).services['a']?.ports.length, 1)
})

test('a file that a service extends and that is not there is told with the place that names it', () => {
  assert.equal(
    failure('services:\n  a:\n    extends: {file: base.yaml, service: b}\n').replace(
      /there is no file \S*base\.yaml/,
      'there is no file base.yaml',
    ),
    `3:14: there is no file base.yaml | It is the file that "extends" names; its path starts at the project's directory.`,
  )
})

test("attributes that are the engine's own under another name arrive as its fields", () => {
  const { services } = load({
    'compose.yaml': `services:
  a:
    image: box
    cap_add: [NET_ADMIN]
    mem_limit: 1.5g
    cpus: 0.5
    tmpfs: /run:size=1m
    extra_hosts: {db: 10.0.0.1}
    sysctls: [net.core.somaxconn=1024]
    ulimits: {nofile: {soft: 10, hard: 20}, nproc: 5}
    logging: {driver: local, options: {max-file: 3}}
    network_mode: host
    init: true
    stop_signal: SIGINT
`,
  })
  assert.deepEqual(services['a']?.options, {
    config: { StopSignal: 'SIGINT' },
    hostConfig: {
      CapAdd: ['NET_ADMIN'],
      NanoCpus: 5e8,
      ExtraHosts: ['db:10.0.0.1'],
      Init: true,
      LogConfig: { Type: 'local', Config: { 'max-file': '3' } },
      Memory: 1.5 * 2 ** 30,
      NetworkMode: 'host',
      Sysctls: { 'net.core.somaxconn': '1024' },
      Tmpfs: { '/run': 'size=1m' },
      Ulimits: [
        { Name: 'nofile', Soft: 10, Hard: 20 },
        { Name: 'nproc', Soft: 5, Hard: 5 },
      ],
    },
  })
  assert.deepEqual(services['a']?.networks, {})
  assert.match(failure('services:\n  a: {image: b, mem_limit: lots}\n'), /^2:28: services\.a\.mem_limit: invalid size "lots"/)
  assert.match(failure('services:\n  a: {image: b, network_mode: host, networks: [x]}\n'), /mutually exclusive/)
})

test('a lone Dockerfile is a project of one service with its exposed ports', () => {
  const { services, files } = load({ Dockerfile: 'FROM a\nEXPOSE 1\nFROM box\nEXPOSE 8080 53/udp $PORT\n' })
  assert.deepEqual(files, [])
  assert.deepEqual(
    services['app']?.ports.map(({ target, published, protocol }) => [target, published, protocol]),
    [
      [8080, 8080, 'tcp'],
      [53, 53, 'udp'],
    ],
  )
})

test('with neither file there is nothing to run', () => {
  assert.throws(() => load({}), /no Compose file and no Dockerfile in/)
})

test('a Compose file named as the place to look is the project of its directory', () => {
  const { directory, services } = load(
    { 'shop/other.yaml': 'services: {a: {image: x, volumes: [./data:/data]}}' },
    { directory: 'shop/other.yaml' },
  )
  assert.ok(directory.endsWith('/shop'), directory)
  assert.equal(services['a']?.mounts[0]?.source, `${directory}/data`)
})

test('a directory that is not there is said to be so', () => {
  assert.throws(() => loadProject({ directory: 'not/here', files: [] }, { directory: '/', environment: {} }), {
    kind: 'not found',
    message: 'there is no directory /not/here',
  })
})

test('what does not fit together is told with what to write instead', () => {
  const one = 'services:\n  web:\n    image: box\n'
  assert.match(
    failure(`${one}    depends_on: [databse]\n  database:\n    image: box\n`),
    /undefined service "databse".* \| Did you mean "database"\?$/,
  )
  assert.match(failure(`${one}    networks: [backend]\nnetworks:\n  bakend:\n`), /undefined network backend.* \| Did you mean "bakend"\?$/)
  assert.match(failure(`${one}    secrets: [pw]\n`), /undefined secret pw.* \| Declare it under "secrets:" at the top level\.$/)
  assert.match(failure(`${one}    profiles: [dev]\n`), /belong to the profiles dev \| Enable one: --profile dev$/)
  assert.match(failure('services:\n  web:\n  image: box\n'), /services\.image must be a mapping \| Indent "image:" deeper/)
  assert.match(failure('services:\n  - web:\n      image: box\n'), /services must be a mapping \| Take the "- " away/)
  assert.match(failure(`${one}    healthcheck: {interval: 5}\n`), /interval must be a string \| A time has a unit: 5s, 5m\.$/)
  assert.match(failure(`${one}    environment:\n      A: b\n      - C=d\n`), /^6:.*a list goes on among keys here/)
  assert.match(failure('services:\n  web:\n    image: Box\n'), /^3:12: services\.web\.image: .* must be lowercase: "Box" \|/)
  assert.match(
    failure('services:\nweb:\n  image: box\n'),
    /^2:1: additional property "web" is not allowed \| If it is a service, indent it below/,
  )
  assert.match(failure('services: {a: {image: box}}\nversoin: "3"\n'), /not allowed \| Did you mean "version"\?$/)
  assert.match(failure(`${one}\u3000\u3000command: x\n`), /^4:1: something that only looks like a space indents this line \| Delete it/)
  assert.match(failure(`${one}    environment:\n      - A: b\n`), /^5:9: .* a list of strings \| Write all of them as "- KEY=value"/)
  assert.match(failure(`${one}    ports: [“80:80”]\n`), /^4:13: invalid port "“80:80”" \| Quotes are written as/)
  assert.match(failure('version: "3"\n'), /\| Services stand under "services:"/)
})

test('a mode of a mount that is none is told of, as it changes nothing', () => {
  const { warnings } = load({
    'compose.yaml': 'services:\n  a: {image: box, volumes: ["./a:/b:rww,z", "./c:/d:ro,cached", "v:/v:nocopy"]}\nvolumes: {v: }\n',
  })
  assert.equal(warnings.length, 1)
  assert.match(warnings.join(), /:2:29: services\.a\.volumes: "rww" is no mode of a mount, and changes nothing$/)
})

test('files that nobody names are looked for in the project directory, and above it', () => {
  const files = {
    'there/compose.yaml': 'services: {app: {image: box, volumes: [./data:/data]}}',
    'there/inner/readme': '',
    Dockerfile: 'FROM box',
  }
  const project = load(files, { projectDirectory: 'there' })
  assert.deepEqual([project.name, Object.keys(project.services)], ['there', ['app']])
  assert.deepEqual(Object.keys(load(files, { projectDirectory: 'there/inner' }).services), ['app'])
})
