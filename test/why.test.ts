import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { Projects } from './projects.ts'

/** `galley why` and `galley lint`, against an instance of its own. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const shop = `
services:
  db:
    image: box
    command: nc -ll -p 5432 -e echo hi
    stop_grace_period: 1s
  app:
    image: box
    command: ["sh", "-c", "nc db 5433 </dev/null || { echo connection refused; exit 3; }"]
    environment:
      DB_HOST: db
      DB_PORT: "5433"
  lost:
    image: box
    command: ["sh", "-c", "echo \\"nc: bad address 'bd'\\"; exit 1"]
    environment:
      QUEUE: bd:5432
  stubborn:
    image: box
    command: ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]
    stop_grace_period: 1s
`

test('why tells how services are, and explains those that are not up by what the kernel and the engine know', async () => {
  const home = directory('shop', { 'compose.yaml': shop })
  const before = await run(home, 'why', 'db')
  assert.equal(before.code, 1)
  assert.match(before.err, /has no container: galley up makes it/)

  assert.equal((await run(home, 'up', '-d')).code, 0)
  await instance.until(
    () => instance.ok('ps', '-a', '--filter', 'status=exited', '--format', '{{.Names}}'),
    (names) => names.includes('shop-app-1') && names.includes('shop-lost-1'),
  )
  await instance.until(
    () => instance.ok('exec', 'shop-db-1', 'cat', '/proc/net/tcp', '/proc/net/tcp6'),
    (table) => /:1538 \S+ 0A /.test(table),
  )
  await instance.ok('stop', 'shop-stubborn-1')
  const { code, err } = await run(home, 'why')
  assert.equal(code, 1)
  assert.match(err, /shop-db-1.*running; started \d+ (s|min) ago/)
  assert.match(err, /✘ app: another service can not be reached \[service-unreachable\]/)
  assert.match(err, /inside shop-db-1, it listens on 5432; both are on the network shop_default/)
  assert.match(err, /shop-app-1 wrote: connection refused/)
  assert.match(err, /no service of the project is called bd; there are [^\n]*\n[^]*What helps: Did you mean db\?/)
  assert.match(err, /shop-stubborn-1 was asked to stop and had not ended after 1 s; then it was killed \(exit code 137\)/)

  const well = await run(home, 'why', 'db')
  assert.equal(well.code, 0)
  assert.doesNotMatch(well.err, /✘ (app|lost)/)
})

test('why tells an out-of-memory kill by the limit that was met', async () => {
  const home = directory('hungry', {
    'compose.yaml':
      'services:\n  eater:\n    image: box\n    mem_limit: 8m\n    command: ["sh", "-c", "x=1; while :; do x=$$x$$x; done"]\n',
  })
  await run(home, 'up', '-d')
  await instance.until(
    () => instance.ok('inspect', '-f', '{{.State.Status}}', 'hungry-eater-1'),
    (status) => status === 'exited',
  )
  assert.match((await run(home, 'why')).err, /the kernel killed hungry-eater-1 for want of memory[^\n]*its limit is 8 MiB/)
})

test('explain prints the page of a rule, lists them without one, and says what was meant by a word that is none', async () => {
  const page = await instance.galley('explain', 'localhost-for-another-service')
  assert.match(page.out, /^# localhost inside a container is the container itself\n[^]*## Bad\n[^]*## Good\n/)
  assert.match((await instance.galley('explain')).out, /^port-taken +rule +the port is taken$/m)
  const { code, err } = await instance.galley('explain', 'localhost-for-other-service')
  assert.equal(code, 3)
  assert.match(err, /Did you mean localhost-for-another-service\?/)
})

test('lint finds the mistake of the lecture before anything runs, and the Dockerfile’s, with titles in the reader’s language', async () => {
  const lecture = await run(resolve('examples/lecture'), 'lint')
  assert.equal(lecture.code, 1)
  assert.match(lecture.err, /✘ app: localhost inside a container is the container itself \[localhost-for-another-service\]/)
  assert.match(lecture.err, /@@ -26 \+26 @@\n[^\n]*localhost:3306[^\n]*\n[^\n]*mysql:3306/)

  const home = directory('linted', {
    'compose.yaml': 'services:\n  web:\n    build: .\n',
    Dockerfile: 'FROM box\nENV a b\nCMD ["httpd", "-f"]\n',
  })
  const warned = await run(home, 'lint')
  assert.equal(warned.code, 0)
  assert.match(warned.err, /! web: Legacy key\/value format[^\n]*\[LegacyKeyValueFormat\]\n[^\n]*\n[^\n]*Dockerfile:2: ENV a b/)
  assert.equal((await run(home, 'lint', '--strict')).code, 1)
  const korean = await instance.command('env', ['LC_ALL=ko_KR.UTF-8', resolve('galley'), 'lint'], { cwd: resolve('examples/lecture') })
  assert.match(korean.err, /✘ app: 컨테이너 안의 localhost는 그 컨테이너 자신입니다/)
  assert.match(korean.err, /원인: 컨테이너 안에서 localhost는 [^]*해결 방법: 서비스 이름을 쓰세요: localhost:3306 → mysql:3306/)
})

const scripts = {
  'compose.yaml': 'services:\n  app:\n    build: .\n',
  Dockerfile: 'FROM box\nCOPY start.sh /start.sh\nCOPY . /src\nWORKDIR /src\nRUN ./gradlew build\nCMD ["/start.sh"]\n',
  'start.sh': '#!/bin/sh\r\nexec sleep 1000\r\n',
  gradlew: '#!/bin/sh\necho built\n',
}

test('what the scripts of a build lack is told before it, and at the end of one that fails', async () => {
  const home = directory('scripts', scripts)
  const linted = await run(home, 'lint')
  assert.equal(linted.code, 1)
  assert.match(
    linted.err,
    /✘ app: the script has the line endings of Windows [^\n]*\n[^\n]*\n[^\n]*start\.sh:1: "#!\/bin\/sh" ends in a carriage return/,
  )
  assert.match(
    linted.err,
    /✘ app: the program may not be executed [^\n]*\n[^\n]*\n[^\n]*gradlew is started by the Dockerfile and has no execute bit/,
  )

  const locked = await run(home, 'build')
  assert.equal(locked.code, 1)
  assert.match(
    locked.err,
    /✘ app: the program may not be executed \[program-not-executable\]\n[^]*it printed: [^\n]*gradlew: Permission denied/,
  )
  assert.match(locked.err, /RUN chmod \+x \.\/gradlew/)
  assert.doesNotMatch(locked.err, /\[build-failed\]/)

  chmodSync(`${home}/gradlew`, 0o755)
  writeFileSync(`${home}/gradlew`, scripts.gradlew.replaceAll('\n', '\r\n'))
  assert.match((await run(home, 'build')).err, /✘ app: the script has the line endings of Windows [^]*gradlew: not found\n/)

  writeFileSync(`${home}/gradlew`, '#!/bin/sh\nnosuch --flag\n')
  assert.match(
    (await run(home, 'build')).err,
    /✘ app: the program is not in the image [^]*nosuch: not found\n[^]*Install it in an earlier RUN/,
  )
})

test('why says of a container that was never started what it waits for', async () => {
  const home = directory('awaited', {
    'compose.yaml': `services:
  web: {image: box, command: sleep 1000, depends_on: [api]}
  api: {build: .}
`,
    Dockerfile: 'FROM box\nRUN false\n',
  })
  assert.equal((await run(home, 'up')).code, 1)
  const { code, err } = await run(home, 'why')
  assert.equal(code, 1)
  assert.match(err, /awaited-web-1.*waits for api\n/)
  assert.match(err, /api.*has no container: galley up makes it/)
  assert.doesNotMatch(err, /\[last-words\]/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('up says of a service what its image shows will not work, before it waits', async () => {
  const home = directory('warned', {
    'compose.yaml':
      'services:\n  web: {image: box, command: sleep 1000, healthcheck: {test: curl -f localhost, interval: 200ms, retries: 1}}\n',
  })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1)
  const warning = err.indexOf('warning: web: the image does not have the program of the health check')
  assert.ok(warning >= 0 && warning < err.indexOf('Container warned-web-1  Started'), err)
  assert.match(err, /✘ web: the image does not have the program of the health check \[health-check-program-missing\]/)
})

test('lint --fix makes the changes that need nothing besides, and says what is left', async () => {
  const file = `services:
  app:
    image: box:1
    environment: {REDIS_URL: "redis://localhost:6379/0", LOG: "redis://localhost", DB_PASSWORD: hunter2}
  cache: {image: "redis:8", expose: [6379]}
  db: {image: "postgres:17", ports: ["5432:5432"], volumes: ["data:/var/lib/postgresql/data"]}
volumes: {data: }
`
  const home = directory('fixed', { 'compose.yaml': file })
  const { code, err } = await run(home, 'lint', '--fix')
  assert.equal(code, 0, err)
  assert.match(err, /^Changed: \[localhost-for-another-service\]\n--- compose\.yaml\n\+\+\+ compose\.yaml\n@@ -4 \+4 @@\n-/)
  const expected = file
    .replace('redis://localhost:6379/0', 'redis://cache:6379/0')
    .replace('"redis://localhost"', '"redis://cache"')
    .replace('"5432:5432"', '"127.0.0.1:5432:5432"')
  assert.equal(readFileSync(`${home}/compose.yaml`, 'utf8'), expected)
  assert.match(err, /! app: a secret is written in the Compose file[^]*with DB_PASSWORD=… in the file \.env/)
  assert.doesNotMatch(err, /✘/)

  const again = (await run(home, 'lint')).err.split('\n')
  const diff = again.slice(again.indexOf('    --- compose.yaml')).slice(0, 5)
  const line = expected.split('\n')[3] ?? ''
  const wanted = ['--- compose.yaml', '+++ compose.yaml', '@@ -4 +4 @@', `-${line}`, `+${line.replace('hunter2', '${DB_PASSWORD:?}')}`]
  assert.deepEqual(
    diff,
    wanted.map((text) => `    ${text}`),
  )
})

test('a program that ends again and again is none that runs, also while it does', async () => {
  // The first two attempts end at once, the others when they could be seen running.
  const attempt = '[ -e /two ] && sleep 8; [ -e /one ] && touch /two; touch /one; echo no such table: meals; exit 3'
  const home = directory('circle', {
    'compose.yaml': `services:\n  app: {image: box, restart: always, stop_grace_period: 1s, command: ["sh", "-c", "${attempt}"]}\n`,
  })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const { code, err } = await instance.until(
    () => run(home, 'why'),
    (why) => /circle-app-1 {2}Failed {2}ends again and again; started \d+ s ago; started again: \d/.test(why.err),
  )
  assert.equal(code, 1)
  assert.match(err, /circle-app-1 wrote: no such table: meals/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a program that serves after some attempts is none that ends again and again', async () => {
  // Its data outlives the attempts, of which the third finds what the first two made.
  const serve = 'tries=$(ls /tries | wc -l); touch /tries/$tries; [ $tries -lt 2 ] && exit 1; exec nc -ll -p 80 -e echo hi'
  const home = directory('third', {
    'compose.yaml': `services:
  app: {image: box, restart: always, stop_grace_period: 0s, ports: ["80"], volumes: [tries:/tries], command: ["sh", "-c", ${JSON.stringify(serve.replaceAll('$', '$$$$'))}]}
volumes: {tries: {}}
`,
  })
  const up = await run(home, 'up')
  assert.equal(up.code, 0, up.err)
  assert.equal(await instance.ok('inspect', '-f', '{{.RestartCount}}', 'third-app-1'), '2')
  const { code, err } = await run(home, 'why')
  assert.equal(code, 0, err)
  assert.match(err, /third-app-1 {2}Up {2}running; started \d+ s ago; started again: 2/)
  assert.equal((await run(home, 'down', '-v')).code, 0)
})
