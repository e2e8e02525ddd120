import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Project, Service } from '#compose/model/model.ts'
import { service as plain } from '#compose/model/service.fixture.ts'
import { inBothLanguages } from './both-languages.fixture.ts'
import { diagnose } from './diagnose.ts'
import type { Facts, Failure, ServiceFacts } from './facts.ts'
import type { Change, Finding, LineChange } from './finding.ts'

const at = { file: '/p/docker-compose.yml', line: 25, column: 30 }

function service(name: string, more: Partial<Service> = {}): Service {
  return plain(name, { at, networks: { net: { aliases: [] } }, restart: { name: 'on-failure', maximumRetryCount: 0 }, ...more })
}

function seen(one: Service, more: Partial<ServiceFacts> = {}): ServiceFacts {
  return {
    service: one,
    container: `p-${one.name}-1`,
    image: undefined,
    state: 'failed',
    text: 'ended 3 times, last with exit code 1',
    exitCode: 1,
    oomKilled: false,
    memoryPeak: undefined,
    memoryLimit: 0,
    forced: undefined,
    ends: 3,
    listeners: [],
    log: [],
    ways: [],
    health: undefined,
    ...more,
  }
}

function explain(services: readonly ServiceFacts[], failures: readonly Failure[] = []): Finding[] {
  const project: Project = {
    name: 'p',
    directory: '/p',
    files: [at.file],
    volumes: {},
    warnings: [],
    services: Object.fromEntries(services.map((one) => [one.service.name, one.service])),
    networks: { net: { name: 'p_net', external: false, internal: false, labels: {} } },
  }
  return inBothLanguages(
    diagnose({
      project,
      services,
      failures,
      groundOf: () => undefined,
      holderOf: () => undefined,
      imageNames: () => ['example/shop:1.2'],
    } satisfies Facts),
  )
}

/** What was seen, in English. */
function seenBy(finding: Finding | undefined): string[] {
  return finding?.evidence.map(({ en }) => en) ?? []
}

const url = (value: string, name = 'SPRING_DATASOURCE_URL'): Service => service('app', { environment: { [name]: { value, at } } })
const mysql = seen(service('mysql'), { state: 'up', ends: 0, listeners: [{ address: '::', port: 3306 }] })

test("another service's address as localhost is explained with what was measured and the line to change", () => {
  const [finding, ...more] = explain([
    mysql,
    seen(url('jdbc:mysql://localhost:3306/meal'), {
      log: ['Starting', 'Caused by: java.net.ConnectException: Connection refused', 'at x'],
    }),
  ])
  assert.deepEqual(more, [])
  assert.equal(finding?.rule, 'localhost-for-another-service')
  assert.deepEqual(seenBy(finding), [
    '/p/docker-compose.yml:25: SPRING_DATASOURCE_URL is "jdbc:mysql://localhost:3306/meal"',
    'inside p-app-1, while it ran, nothing listened on localhost:3306 (it listens on no port)',
    'service mysql listens on port 3306; both are on the network p_net',
    'p-app-1 wrote: Caused by: java.net.ConnectException: Connection refused',
  ])
  assert.deepEqual(finding.fix.change, { at, before: 'jdbc:mysql://localhost:3306/meal', after: 'jdbc:mysql://mysql:3306/meal' })
})

test('a port that the scheme, the name or a neighbour says is understood', () => {
  const after = (one: Service): string | undefined => lineOf(explain([mysql, seen(one)])[0]?.fix.change)?.after
  assert.equal(after(url('mysql://user:pw@127.0.0.1/meal')), 'mysql://user:pw@mysql/meal')
  assert.equal(after(url('localhost', 'MYSQL_HOST')), 'mysql')
  assert.equal(after(service('app', { environment: { DB_HOST: { value: 'localhost', at }, DB_PORT: { value: '3306' } } })), 'mysql')
})

test('localhost is right where something listens on it, on another network, or where nobody offers the port', () => {
  const rule = (one: ServiceFacts, other = mysql): string | undefined => explain([other, one])[0]?.rule
  const app = url('jdbc:mysql://localhost:3306/meal')
  assert.equal(rule(seen(app, { listeners: [{ address: '127.0.0.1', port: 3306 }] })), 'last-words')
  assert.equal(rule(seen({ ...app, networks: { other: { aliases: [] } } })), 'last-words')
  assert.equal(rule(seen(url('jdbc:mysql://localhost:3307/meal'))), 'last-words')
  assert.equal(rule(seen(url('jdbc:mysql://localhost.example.org:3306/meal'))), 'last-words')
})

test('each way to fail has its rule', () => {
  const app = service('app')
  const rule = (more: Partial<ServiceFacts>, one = app): string | undefined => explain([seen(one, more)])[0]?.rule
  const published = service('app', { ports: [{ target: 80, published: 8080, hostIp: '', protocol: 'tcp', at }] })
  assert.equal(rule({ exitCode: 127, log: ['sh: nosuch: not found'] }), 'program-not-found')
  assert.equal(rule({ exitCode: 126 }), 'program-not-executable')
  assert.equal(rule({ exitCode: 137, oomKilled: true }), 'machine-out-of-memory')
  assert.equal(rule({ exitCode: 137, oomKilled: true, memoryLimit: 1 << 20 }), 'memory-limit-reached')
  assert.equal(rule({ exitCode: 137, forced: { by: 'stop', after: 2 } }), 'stop-timeout')
  assert.equal(rule({ exitCode: 137, forced: { by: 'kill' } }), 'killed-by-hand')
  assert.equal(rule({ exitCode: 137 }), 'killed-by-hand')
  assert.equal(rule({ log: ["Access denied for user 'user'@'172.30.0.3' (using password: YES)"] }), 'database-login-refused')
  assert.equal(rule({ health: { exitCode: 1, output: 'no' } }), 'health-check-fails')
  assert.equal(rule({ exitCode: 0 }, { ...app, restart: { name: 'always', maximumRetryCount: 0 } }), 'ends-at-once')
  assert.equal(rule({ ends: 0, listeners: [{ address: '127.0.0.1', port: 80 }] }, published), 'published-port-not-listened-on')
  assert.equal(rule({ log: ['something else'] }), 'last-words')
})

test('a health check is run by hand as the shell took it', () => {
  const fixOf = (test: readonly string[]): string | undefined => {
    const one = service('app', { healthcheck: { test: [...test] } })
    return explain([seen(one, { health: { exitCode: 1, output: 'no' } })])[0]?.fix.text.en
  }
  assert.equal(
    fixOf(['CMD-SHELL', 'test -n "$A" && echo \'b\'']),
    `Run it by hand: docker exec p-app-1 sh -c 'test -n "$A" && echo '\\''b'\\'''`,
  )
  assert.equal(fixOf(['CMD', 'pg_isready', '-U', 'a b']), "Run it by hand: docker exec p-app-1 pg_isready -U 'a b'")
})

test('a name that nobody knows is told without the port behind it, and with the service that is meant', () => {
  const database = service('database', { at })
  const app = service('app', { at })
  const asked = (line: string) => explain([seen(database, { state: 'up', ends: 0 }), seen(app, { log: [line] })])[0]
  assert.equal(asked("wget: bad address 'databse:80'")?.fix.text.en, 'Did you mean database?')
  assert.match(asked("wget: bad address 'elsewhere:80'")?.fix.text.en ?? '', /getent hosts elsewhere\./)
})

test('a service that was given up as unhealthy and is healthy by now needs a start period', () => {
  const text = 'dependency failed to start: container p-mysql-1 is unhealthy'
  const one = service('mysql', { healthcheck: { test: ['CMD', 'mysqladmin', 'ping'], interval: 5e9, retries: 5 } })
  const [finding, ...more] = explain([seen(one, { text, ends: 0, health: { exitCode: 0, output: '' } })])
  assert.deepEqual(more, [])
  assert.equal(finding?.rule, 'health-check-fails')
  assert.deepEqual(seenBy(finding), [`p-mysql-1 was given up: ${text}`, 'its last check, after that, succeeded'])
  assert.match(finding.cause.en, /longer to start than its health check allows \(25 s\)/)
  assert.deepEqual(finding.fix.change, {
    file: at.file,
    puts: [{ path: ['services', 'mysql', 'healthcheck', 'start_period'], value: '60s', replaces: true }],
  })
  assert.notEqual(explain([seen(one, { ends: 3, health: { exitCode: 0, output: '' } })])[0]?.rule, 'health-check-fails')
})

test('a step that failed is explained by its error', () => {
  const one = service('web', { ports: [{ target: 80, published: 8080, hostIp: '', protocol: 'tcp', at }] })
  const failure = (more: Partial<Failure>): Finding | undefined =>
    explain(
      [],
      [
        {
          service: one,
          step: 'container.start',
          subject: 'Container p-web-1',
          code: undefined,
          message: '',
          printed: [],
          advice: undefined,
          ...more,
        },
      ],
    )[0]
  const taken = failure({ code: 'port.taken', message: 'Bind for 0.0.0.0:8080 failed: port is already allocated (by process 7, nginx)' })
  assert.equal(taken?.rule, 'port-taken')
  assert.deepEqual(seenBy(taken), ['/p/docker-compose.yml:25: port 8080 of this machine is held by process 7, nginx'])
  assert.equal(
    failure({ message: 'OCI runtime create failed: exec: "nosuch": executable file not found in $PATH' })?.rule,
    'program-not-found',
  )
  assert.equal(
    failure({ message: 'invalid mount config for type "bind": bind source path does not exist: /p/x' })?.rule,
    'bind-source-missing',
  )
})

test('what is up is not explained', () => {
  assert.deepEqual(explain([mysql]), [])
})

test("a container name that another project's container has is explained with the way to free it", () => {
  const [finding, ...more] = explain(
    [],
    [
      {
        service: service('app'),
        step: 'container.create',
        subject: 'Container spring-app',
        code: 'container.name-taken',
        message: `Conflict. The container name "/spring-app" is already in use by container "${'5d51cedde09f'.padEnd(64, '0')}". You have to`,
        printed: [],
        advice: 'spring-app belongs to the project meal: galley down examples/meal',
      },
    ],
  )
  assert.equal(finding?.rule, 'name-taken')
  assert.deepEqual(seenBy(finding), ['container 5d51cedde09f has the name spring-app already'])
  assert.equal(finding?.fix.text.en, 'spring-app belongs to the project meal: galley down examples/meal')
  assert.deepEqual(more, [])
})

test('an image that is nearly called like one that is here is asked for', () => {
  const one = service('web', { image: 'example/shop:1.3' })
  const facts = seen(one, { state: 'up', ends: 0 })
  const [finding] = explain(
    [facts],
    [
      {
        service: one,
        step: 'image.pull',
        subject: 'Image example/shop:1.3',
        code: undefined,
        message: 'not found',
        printed: [],
        advice: undefined,
      },
    ],
  )
  assert.equal(finding?.rule, 'image-not-found')
  assert.equal(finding.fix.text.en, 'Did you mean example/shop:1.2? It is on this machine.')
})

function lineOf(change: Change | undefined): LineChange | undefined {
  return change !== undefined && 'after' in change ? change : undefined
}

const notThere: Readonly<Record<string, string>> = {
  "Error: Cannot find module '/app/serve.js'": '/app/serve.js, which is not in the image',
  "python3: can't open file '/app/main.py': [Errno 2] No such file or directory": '/app/main.py, which is not in the image',
  'Error: Unable to access jarfile /app.jar': '/app.jar, which is not in the image',
  "Error: Cannot find module 'express'": 'loads express, which is not installed',
  "ModuleNotFoundError: No module named 'flask'": 'loads flask, which is not installed',
}

for (const [line, cause] of Object.entries(notThere)) {
  test(`what an interpreter does not find is told: ${line}`, () => {
    const [finding, ...others] = explain([seen(service('app'), { log: ['before', line, 'after'] })])
    assert.equal(finding?.rule, 'file-not-in-image')
    assert.ok(finding.cause.en.includes(cause), finding.cause.en)
    assert.deepEqual(others, [])
  })
}

test('a build that fails is told with the line of its Dockerfile and what its command said', () => {
  const app = service('app', { build: { context: '/p', dockerfile: 'Dockerfile', args: {}, dockerfileInline: 'FROM box\n' } })
  const failure = { service: app, step: 'image.build', subject: 'Image p-app', code: 'build.step-failed', advice: undefined } as const
  const [finding] = explain(
    [],
    [
      {
        ...failure,
        message: "The command '/bin/sh -c npm ci' returned a non-zero code: 1",
        printed: ['npm error The package-lock.json is missing', 'npm error', 'npm error     Set to true'],
        line: { number: 4, text: 'RUN npm ci' },
      },
    ],
  )
  assert.deepEqual(seenBy(finding), ['Dockerfile:4: RUN npm ci', 'it printed: npm error The package-lock.json is missing'])
})

test('a service that asked before the other listened is told so, not that the port is wrong', () => {
  const postgres = service('db', { at, image: 'postgres:17' })
  const app = service('app', { at, dependsOn: { db: { condition: 'service_started', restart: false, required: true } } })
  const refused = { log: ['OperationalError: connection to server at "db" (10.1.0.2), port 5432 failed: Connection refused'] }
  const up = { state: 'up', ends: 0 } as const
  const [late] = explain([seen(postgres, { ...up, listeners: [{ address: '0.0.0.0', port: 5432 }] }), seen(app, refused)])
  assert.equal(late?.rule, 'started-too-early')
  assert.ok(late.fix.change !== undefined && 'puts' in late.fix.change)
  const urled = { ...app, environment: { DATABASE_URL: { value: 'postgres://u:p@db:5432/x', at } } }
  const [starting, ...more] = explain([seen(postgres, { ...up, listeners: [] }), seen(urled, refused)])
  assert.deepEqual([starting?.rule, more], ['started-too-early', []])
  // Another port than the one that the database has is wrong, however long one waits.
  const wrong = { ...app, environment: { DATABASE_URL: { value: 'postgres://u:p@db:5433/x', at } } }
  const [other] = explain([
    seen(postgres, { ...up, listeners: [{ address: '::', port: 5432 }] }),
    seen(wrong, { log: ['Connection refused'] }),
  ])
  assert.equal(other?.rule, 'service-unreachable')
})

test('what a registry answered decides what helps', () => {
  const app = service('app', { image: 'localhost:5081/app:1' })
  const fix = (message: string): string =>
    explain(
      [seen(app, { state: 'waiting' })],
      [
        {
          service: app,
          step: 'image.pull',
          subject: 'Image localhost:5081/app:1',
          code: undefined,
          message,
          printed: [],
          advice: undefined,
        },
      ],
    )[0]?.fix.text.en ?? ''
  assert.match(fix("pull access denied for x, repository does not exist or may require 'docker login'"), /docker login localhost:5081$/)
  assert.match(fix('toomanyrequests: You have reached your pull rate limit.'), /limits how much/)
  assert.match(fix('manifest for x not found: manifest unknown'), /does not have this name and tag/)
  assert.match(fix('dial tcp localhost:5081: connect: connection refused'), /^Nothing listens on localhost:5081/)
})

test('a port that a service wants for several of its containers is told as that', () => {
  const ports = [{ target: 80, published: 8080, hostIp: '', protocol: 'tcp' as const, at }]
  const told = (web: Service, holder: string, subject = 'p-web-2') => {
    const message = `Bind for 0.0.0.0:8080 failed: port is already allocated (by container ${holder})`
    const failure = { service: web, step: 'container.start', subject: `Container ${subject}`, code: 'port.taken', message } as const
    return explain([], [{ ...failure, printed: [], advice: undefined }])[0]?.fix
  }
  const fix = told(service('web', { replicas: 2, ports }), 'p-web-1')
  assert.match(fix?.text.en ?? '', /"8080-8081:80"/)
  assert.equal(fix?.change, undefined)
  // By --scale, of which the file says nothing.
  assert.match(told(service('web', { ports }), 'p-web-1', 'p-web-3')?.text.en ?? '', /"8080-8082:80"/)
  assert.match(told(service('web', { ports }), 'p-web-server-1', 'p-web-1')?.text.en ?? '', /^Stop container p-web-server-1/)
})

test('a heap, a number of processes and a disk that are used up are told apart', () => {
  const rule = (line: string, more: Partial<Service> = {}): string | undefined =>
    explain([seen(service('app', more), { log: [line] })])[0]?.rule
  const limited = { options: { config: {}, hostConfig: { PidsLimit: 5 } } }
  assert.equal(rule('FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'), 'heap-full')
  assert.equal(rule('java.lang.OutOfMemoryError: Java heap space'), 'heap-full')
  assert.equal(rule('sh: 0: Cannot fork', limited), 'process-limit-reached')
  assert.equal(rule('sh: 0: Cannot fork'), 'last-words')
  assert.equal(rule("dd: error writing '/t/x': No space left on device"), 'no-space-left')
})
