import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { Projects } from './projects.ts'

/** How `galley up` explains what fails, against an instance of its own. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const lecture = `
services:
  mysql:
    image: box
    command: nc -ll -p 3306 -e echo hi
    stop_grace_period: 1s
    networks: [test_network]
  app:
    image: box
    restart: on-failure
    container_name: spring-app
    stop_grace_period: 1s
    ports: ["8080"]
    depends_on: [mysql]
    command:
      - sh
      - -c
      - 'h=$\${SPRING_DATASOURCE_URL#jdbc:mysql://}; h=$\${h%%:*}; sleep 1; nc $$h 3306 </dev/null || { echo "java.net.ConnectException: Connection refused"; exit 1; }; exec httpd -f -p 8080'
    environment:
      SPRING_DATASOURCE_URL: "jdbc:mysql://localhost:3306/meal"
    networks: [test_network]
networks:
  test_network:
`

test('a service that looks for another one on localhost is explained, with the line to change; changed so, it comes up', async () => {
  const home = directory('lecture', { 'docker-compose.yml': lecture })
  const { code, out, err } = await run(home, 'up')
  assert.equal(code, 1)
  assert.equal(out, '')
  assert.match(err, /Container spring-app {2}Failed {2}ended 3 times, last with exit code 1/)
  assert.match(err, /inside spring-app, while it ran, nothing listened on localhost:3306/)
  assert.match(err, /service mysql listens on port 3306; both are on the network lecture_test_network/)
  assert.match(err, /spring-app wrote: java\.net\.ConnectException: Connection refused/)
  assert.match(
    err,
    /--- docker-compose\.yml\n {4}\+\+\+ docker-compose\.yml\n {4}@@ -20 \+20 @@\n {4}- {6}SPRING_DATASOURCE_URL: "jdbc:mysql:\/\/localhost:3306\/meal"\n {4}\+ {6}SPRING_DATASOURCE_URL: "jdbc:mysql:\/\/mysql:3306\/meal"\n/,
  )
  assert.equal((await instance.ok('ps', '-a', '--format', '{{.Names}}')).split('\n').includes('spring-app'), true)

  writeFileSync(`${home}/docker-compose.yml`, lecture.replace('//localhost', '//mysql'))
  const mended = await run(home, 'up')
  assert.equal(mended.code, 0, mended.err)
  assert.match(mended.out, /^app +http:\/\/localhost:\d+\n$/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a container name that another project has is explained by that project, and by the command that frees it', async () => {
  const file = 'services:\n  app: {image: box, command: sleep 1000, container_name: only-one, stop_grace_period: 1s}\n'
  const [first, second] = [directory('first', { 'compose.yaml': file }), directory('second', { 'compose.yaml': file })]
  assert.equal((await run(first, 'up')).code, 0)
  const { code, err } = await run(second, 'up')
  assert.equal(code, 1)
  assert.match(
    err,
    /the container's name is taken[^]*has the name only-one already[^]*only-one belongs to the project first: galley down \S*\/first\n/,
  )
  for (const home of [first, second]) await run(home, 'down')
})

test('a taken port is explained by who holds it, a program that is not there by its name', async () => {
  const server = createServer().listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const home = directory('broken', {
    'compose.yaml': `services:\n  a: {image: box, command: "true", ports: ["${port}:80"]}\n  b: {image: box, command: nosuch}\n`,
  })
  const { code, err } = await run(home, 'up')
  server.close()
  assert.equal(code, 1)
  assert.match(err, new RegExp(`compose.yaml:2: port ${port} of this machine is held by process ${process.pid}`))
  assert.match(err, /the image box has no program "nosuch"\n/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('health decides what starts and what is up; a check that fails is shown with what it said', async () => {
  const file = (test: string): string => `services:
  db:
    image: box
    command: sh -c 'sleep 0.5; touch /tmp/ready; exec sleep 1000'
    stop_grace_period: 1s
    healthcheck: {test: "${test}", interval: 200ms, retries: 5, start_period: 60s, start_interval: 200ms}
  app: {image: box, command: sleep 1000, stop_grace_period: 1s, depends_on: {db: {condition: service_healthy}}}
`
  const home = directory('health', { 'compose.yaml': file('test -e /tmp/ready') })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 0, err)
  assert.ok(err.indexOf('Container health-db-1  Healthy') < err.indexOf('Container health-app-1  Starting'), err)
  assert.match(err, /Container health-db-1 {2}Healthy/)
  assert.equal((await run(home, 'down')).code, 0)

  writeFileSync(`${home}/compose.yaml`, file('echo not today; exit 3').replace('start_period: 60s', 'start_period: 0s'))
  const ill = await run(home, 'up')
  assert.equal(ill.code, 1)
  assert.match(ill.err, /dependency failed to start: container health-db-1 is unhealthy/)
  assert.match(
    ill.err,
    /db: the health check fails \[health-check-fails\]\n.*\n.*exit code 3: CMD-SHELL echo not today; exit 3\n.*it said: not today/,
  )
  assert.equal((await run(home, 'down')).code, 0)
})

test('what the kernel and the exit code say is told in words', async () => {
  const home = directory('ends', {
    'compose.yaml': `services:
  hungry: {image: box, mem_limit: 16m, command: "sh -c 'x=aaaaaaaaaaaaaaaa; while true; do x=$$x$$x; done'"}
  gone: {image: box, command: sh -c 'nosuch --flag'}
  again: {image: box, restart: always, command: "true"}
`,
  })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1)
  assert.match(
    err,
    /hungry: the container needed more memory than its limit \[memory-limit-reached\]\n.*\n.*the kernel killed ends-hungry-1 for want of memory/,
  )
  assert.match(
    err,
    /gone: the program is not in the image .*\n.*\n.*exit code 127\n.*wrote: sh: nosuch: not found\n.*the image box has no program "nosuch"/,
  )
  assert.match(err, /again: the program ends, and is started again and again/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a published port on which a program listens at loopback alone is told while that is waited for, and at the end', async () => {
  const home = directory('ends', {
    'compose.yaml': 'services:\n  local: {image: box, ports: ["80"], command: httpd -f -p 127.0.0.1:80 -h /tmp, stop_grace_period: 1s}\n',
  })
  const { code, err } = await run(home, 'up', '--timeout', '8')
  assert.equal(code, 1)
  assert.match(err, /ends-local-1 +Waiting {2}its port is listened on at 127\.0\.0\.1 alone/)
  assert.match(err, /inside ends-local-1, it listens on 127\.0\.0\.1:80\n.*for ends-local-1 itself only/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a build that fails shows what it printed last, and says so', async () => {
  const home = directory('broken', {
    Dockerfile: 'FROM box\nRUN seq 1 30; echo not today >&2; exit 3\n',
    'compose.yaml': 'services:\n  a: {build: .}\n',
  })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1)
  assert.match(err, / {3}\| 30\n {3}\| not today\n Image broken-a {2}Error .* returned a non-zero code: 3\n/)
  assert.doesNotMatch(err, /\| 5\n/)
  assert.match(err, /a: the image could not be built \[build-failed\]/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a build step is not blamed for what an earlier one printed', async () => {
  const home = directory('blamed', {
    Dockerfile: 'FROM box\nRUN echo could not resolve host: packages.example.com\nRUN echo not today; exit 3\n',
    'compose.yaml': 'services:\n  a: {build: .}\n',
  })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1)
  assert.match(err, /Dockerfile:3: RUN echo not today; exit 3\n {4}- it printed: not today\n/)
  assert.doesNotMatch(err, /\[build-without-network\]/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a health check without its program is mended by one that the image has, and what else is wrong is told along', async () => {
  const text = `
services:
  db:
    image: box
    command: nc -ll -p 5432 -e echo hi
    stop_grace_period: 1s
  web:
    image: box
    command: ["sh", "-c", "nc localhost 5432 </dev/null || echo connect ECONNREFUSED 127.0.0.1:5432; exec httpd -f -p 8080"]
    stop_grace_period: 1s
    environment: {DB: "tcp://localhost:5432"}
    healthcheck:
      test: ["CMD-SHELL", "curl -f http://127.0.0.1:8080/ || exit 1"]
      interval: 200ms
      retries: 2
  front: {image: box, command: "sleep 1000", depends_on: {web: {condition: service_healthy}}}
`
  const home = directory('curled', { 'compose.yaml': text })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1)
  assert.match(err, /\[health-check-program-missing\][^✘]*What helps: Ask with wget, which the image has\./)
  assert.match(err, /\+ {6}test: \["CMD", "wget", "-q", "-O", "\/dev\/null", "http:\/\/127\.0\.0\.1:8080\/"\]\n/)
  assert.match(err, /✘ web: localhost inside a container is the container itself/)
  assert.match(err, /service db listens on port 5432; both are on the network/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a health check of a port that the program does not have is mended to the one that it has', async () => {
  const home = directory('asked', {
    'compose.yaml': `
services:
  web:
    image: box
    command: nc -ll -p 8080 -e echo hi
    stop_grace_period: 1s
    healthcheck: {test: "nc 127.0.0.1 8081 </dev/null", interval: 1s, retries: 2}
  slow:
    image: box
    command: sleep 1000
    stop_grace_period: 1s
    healthcheck: {test: "nc 127.0.0.1 8081 </dev/null", interval: 1s, retries: 2}
`,
  })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1)
  assert.match(err, /\+ {4}healthcheck: \{test: nc 127\.0\.0\.1 8080 <\/dev\/null, interval/)
  assert.match(err, /✘ slow: [^✘]*retries: 2, start_period: 60s\}/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a directory that was made where a file was to be mounted is told of when the program complains, and a secret by where it is declared', async () => {
  const home = directory('jar', {
    'compose.yaml': `
services:
  app: {image: box, command: "cat /app.jar", volumes: ["./app.jar:/app.jar"]}
`,
  })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1)
  assert.match(
    err,
    /✘ app: a directory is mounted over a file[^\n]*\n[^\n]*\n {4}- compose\.yaml:3: app\.jar is an empty directory, and is mounted at \/app\.jar\n/,
  )
  assert.match(err, /rmdir app\.jar/)
  const secret = directory('lost-secret', {
    'compose.yaml': 'services:\n  app: {image: box, command: sleep 1000, secrets: [pw]}\nsecrets:\n  pw: {file: ./pw.txt}\n',
  })
  assert.match(
    (await run(secret, 'up')).err,
    /compose\.yaml:4: pw\.txt does not exist\n {2}Why: The service app gets the secret pw from pw\.txt/,
  )
  for (const [name, needs] of [
    ['copied', '{image: box, command: sleep 1000, secrets: [{source: pw, mode: 0400}]}'],
    ['built', '{build: {context: ., dockerfile_inline: "FROM box\\nRUN --mount=type=secret,id=pw true", secrets: [pw]}}'],
  ] as const) {
    const home = directory(`lost-secret-${name}`, {
      'compose.yaml': `services:\n  app: ${needs}\nsecrets:\n  pw: {file: ./pw.txt}\n`,
    })
    const { err } = await run(home, 'up')
    assert.match(err, /compose\.yaml:4: pw\.txt does not exist\n {2}Why: The service app gets the secret pw from pw\.txt/)
    assert.equal(err.match(/✘/g)?.length, 1)
  }
})

test('a program of a built image is mended by a build', async () => {
  const home = directory('bits', {
    'compose.yaml': 'services:\n  app: {build: .}\n',
    Dockerfile: 'FROM box\nCOPY run.sh /run.sh\nCMD ["/run.sh"]\n',
    'run.sh': '#!/bin/sh\nexec sleep 1000\n',
  })
  const { err } = await run(home, 'up')
  assert.match(err, /chmod \+x run\.sh [^\n]*Then build it anew: galley up --build\.\n/)
  chmodSync(`${home}/run.sh`, 0o755)
  const mended = await run(home, 'up', '--build')
  assert.equal(mended.code, 0, mended.err)
  assert.equal((await run(home, 'down', '-t', '0')).code, 0)
})
