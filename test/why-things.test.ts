import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { freePorts } from './free-ports.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { Projects } from './projects.ts'

/** `galley why` about what is no service of a project. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)
const elsewhere = (): string => directory('elsewhere', {})
const why = (...words: string[]): ReturnType<typeof run> => run(elsewhere(), 'why', ...words)

test('a container that no project declares is explained by the same rules, by its name and by its id', async () => {
  const id = await instance.ok('run', '-d', '--name', 'eater', '-m', '8m', 'box', 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M')
  await instance.ok('wait', 'eater')
  const { code, err } = await why('eater')
  assert.equal(code, 1)
  assert.match(err, /Container eater {2}Failed {2}ended with exit code 137; [^\n]*memory limit 8 MiB\n/)
  assert.match(err, /✘ eater: the container needed more memory than its limit \[memory-limit-reached\]/)
  const byId = await why(id.slice(0, 12))
  assert.equal(byId.err.replace(/\d+ (s|min) ago/, ''), err.replace(/\d+ (s|min) ago/, ''))

  await instance.ok('network', 'create', 'kitchen')
  await instance.ok('run', '-d', '--name', 'db', '--network', 'kitchen', '--expose', '3306', 'box', 'nc', '-ll', '-p', '3306', '-e', 'true')
  await instance.ok('run', '-d', '--name', 'app', '--network', 'kitchen', '-e', 'DB_URL=mysql://localhost:3306/meal', 'box', 'false')
  await instance.ok('wait', 'app')
  const app = await why('app')
  assert.match(app.err, /✘ app: localhost inside a container is the container itself/)
  assert.match(
    app.err,
    /- DB_URL is "mysql:\/\/localhost:3306\/meal"\n.*\n?[^]*service db listens on port 3306; both are on the network kitchen/,
  )
  assert.equal((await why('db')).code, 0)
})

test('a port of this machine is told by who has it: a container, a process, or nobody', async () => {
  await instance.ok('run', '-d', '--name', 'web', '-p', '127.0.0.1:0:80', 'box', 'httpd', '-f', '-p', '80', '-h', '/tmp')
  const port = (await instance.ok('port', 'web', '80')).split(':').at(-1) ?? ''
  const published = await why(`:${port}`)
  assert.match(published.err, new RegExp(`Port ${port}/tcp {2}Up {2}leads to port 80 of the container web, from 127\\.0\\.0\\.1\\n`))
  assert.match(published.err, /Container web {2}Up {2}running/)
  assert.equal(published.code, 0)

  const wished = await freePorts()
  await instance.ok('run', '--name', 'wished', '-p', `127.0.0.1:${wished}:80`, 'box', 'true')
  const free = await why(`:${wished}`)
  assert.match(
    free.err,
    new RegExp(
      `Port ${wished}/tcp {2}Waiting {2}nobody has it\\nThe container wished would publish it, but is exited: galley why wished\\n`,
    ),
  )

  const server = createServer().listen(0, '0.0.0.0')
  await once(server, 'listening')
  const own = (server.address() as AddressInfo).port
  const foreign = await why(`:${own}`)
  server.close()
  assert.match(foreign.err, new RegExp(`process ${process.pid}, \\S+ has it, and no container of Galley`))
})

test('an image is told by what it is and who uses it, and by what in it can not be started', async () => {
  const home = directory('built', {
    Dockerfile: 'FROM box\nCOPY start.sh /start.sh\nRUN chmod +x /start.sh\nCMD ["/start.sh"]\n',
    'start.sh': '#!/bin/sh\r\n',
  })
  await instance.ok('build', '-q', '-t', 'example/shop:1', home)
  await instance.ok('create', '--name', 'keeper-of-it', 'example/shop:1')
  const { code, err } = await why('example/shop:1')
  assert.equal(code, 1)
  assert.match(err, /Image example\/shop:1 {2}Failed {2}[0-9a-f]{12}, linux\/\w+, \d+ MiB; made \d+ (s|min) ago; used by keeper-of-it\n/)
  assert.match(err, /✘ example\/shop:1: the script has the line endings of Windows/)
  const json = await why('box', '-o', 'json')
  assert.equal(json.code, 0)
  const { ok, services } = JSON.parse(json.out) as { ok: boolean; services: { resource: string; text: string }[] }
  assert.deepEqual([ok, services.map(({ resource }) => resource)], [true, ['Image box']])
})

test('a network and a volume are told by who uses them, and when they can be removed', async () => {
  await instance.ok('network', 'create', 'pantry')
  await instance.ok('run', '-d', '--name', 'shelf', '--network', 'pantry', '-v', 'jars:/jars', 'box', 'sleep', '1000')
  const network = await why('pantry')
  assert.match(
    network.err,
    /Network pantry {2}Up {2}10\.[\d./]+; used by shelf \(10\.[\d.]+\)\nIt can be removed when they are gone, or off it: docker network disconnect/,
  )
  await instance.ok('kill', 'shelf')
  const volume = await why('jars')
  assert.match(volume.err, /Volume jars {2}Up {2}\/[^\n]*\/jars\/_data; made \d+ (s|min) ago; used by shelf:\/jars \(exited\)\n/)
  const nothing = await why('pantri')
  assert.equal(nothing.code, 3)
  assert.match(nothing.err, /there is no service, container, image, network or volume pantri\nhint: Did you mean pantry\?/)
})

test('in a project, its services come first; what is no service is looked for elsewhere', async () => {
  const home = directory('p', { 'compose.yaml': 'services:\n  web: {image: box, command: sleep 1000}\n' })
  assert.match((await run(home, 'why', 'web')).err, /web.*has no container: galley up makes it/)
  assert.match((await run(home, 'why', 'pantry')).err, /Network pantry/)
  assert.match((await run(home, 'why', 'wbe')).err, /container, image, network or volume wbe\nhint: Did you mean web\?\n/)
  assert.match((await run(home, 'why', 'web', 'pantry')).err, /pantry: no service of the project p\n/)
})

test('a project is known anywhere, by its files as long as they are there, else by its containers', async () => {
  const home = directory('far', {
    'compose.yaml': `
services:
  web: {image: box, command: nc -ll -p 80 -e true, stop_grace_period: 1s}
  app:
    image: box
    command: ["sh", "-c", "echo no such file: settings.ini; exit 4"]
`,
  })
  const lone = directory('alone', { Dockerfile: 'FROM box\nCMD ["sleep", "1000"]\n' })
  const nowhere = directory('nowhere', {})
  await run(home, 'up', '-d')
  await instance.until(
    () => instance.ok('ps', '-a', '--filter', 'status=exited', '--format', '{{.Names}}'),
    (names) => names.includes('far-app-1'),
  )
  assert.equal((await run(lone, 'up', '-d')).code, 0)

  const named = await run(nowhere, 'why', '-p', 'far')
  assert.equal(named.code, 1)
  assert.match(named.err, /Container far-web-1 {2}Up {2}running/)
  assert.match(named.err, /✘ app: /)
  const one = await run(nowhere, 'why', '-p', 'far', 'web')
  assert.deepEqual([one.code, one.err.includes('far-app-1')], [0, false])
  assert.match((await run(nowhere, 'why', 'far')).err, /✘ app: /)
  assert.match((await run(nowhere, 'why', '-p', 'far', 'wbe')).err, /no service, container[^\n]* wbe\n/)
  assert.match((await run(nowhere, 'why', 'alone')).err, /Container alone-app-1 {2}Up {2}running/)
  const none = await run(nowhere, 'why', '-p', 'nothing')
  assert.equal(none.code, 3)
  assert.match(none.err, /project "nothing" has no containers/)
  assert.match((await run(nowhere, 'why', 'No_Name')).err, /there is no service, container, image, network or volume No_Name\n/)
  assert.match((await run(nowhere, 'why')).err, /no Compose file and no Dockerfile in /)

  rmSync(`${home}/compose.yaml`)
  const gone = await run(nowhere, 'why', '-p', 'far')
  assert.equal(gone.code, 1)
  assert.match(gone.err, /✘ far-app-1: /)
  assert.match((await run(home, 'why', 'web')).err, /^ Container far-web-1 {2}Up {2}running[^\n]*\n$/)
})

test('an address of this machine is told by what it answers, and by who is behind its port', async () => {
  const [web, silent] = [await freePorts(), await freePorts()]
  await instance.ok('run', '-d', '--name', 'pages', '-p', `127.0.0.1:${web}:80`, 'box', 'httpd', '-f', '-p', '80')
  await instance.ok('run', '-d', '--name', 'mute', '-p', `127.0.0.1:${silent}:80`, 'box', 'nc', '-ll', '-p', '80', '-e', 'true')
  // Their programs need a moment to listen.
  const there = await instance.until(
    () => why(`http://localhost:${web}/nothing`),
    ({ code }) => code === 0,
  )
  assert.match(there.err, new RegExp(`Address http://localhost:${web}/nothing {2}Up {2}answers with status 404 Not Found\\n`))
  assert.match(there.err, /Container pages {2}Up {2}running/)
  assert.match((await why(`localhost:${web}`)).err, /leads to port 80 of the container pages/)
  const mute = await instance.until(
    () => why(`http://127.0.0.1:${silent}`),
    ({ err }) => /Address [^ ]+ {2}Failed {2}ends the connection without an answer\n/.test(err),
  )
  assert.equal(mute.code, 1)
  const nobody = await why(`http://localhost:${await freePorts()}/`)
  assert.match(nobody.err, /Failed {2}refuses the connection\n Port \d+\/tcp {2}Waiting {2}nobody has it\n/)
})

test('a container that was never started is not explained by words that it never wrote', async () => {
  await instance.ok('create', '--name', 'asleep', 'box', 'true')
  const { err } = await why('asleep')
  assert.match(err, /^ Container asleep {2}Waiting {2}was never started: docker start asleep starts it\n$/)
})
