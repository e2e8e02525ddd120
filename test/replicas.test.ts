import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { changesIn, galley, Projects } from './projects.ts'

/** Services with several containers, and what Compose gives them: files, hooks, limits, networks. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const names = async (project: string): Promise<string[]> =>
  (await instance.ok('ps', '-a', '--format', '{{.Names}}', '--filter', `label=com.docker.compose.project=${project}`))
    .split('\n')
    .filter((name) => name !== '')
    .toSorted()

const sorted = async (...args: string[]): Promise<string> => (await instance.ok(...args)).split('\n').toSorted().join('\n')

const several = (word: string, more = ''): string => `services:
  web:
    image: box
    command: sh -c 'trap "exit 0" TERM; mkdir -p /tmp/w; echo ${word} > /tmp/w/index.html; httpd -p 80 -h /tmp/w; sleep 1000 & wait'
    stop_grace_period: 1s
    ports: ["80"]
    healthcheck: {test: "wget -q -O- http://127.0.0.1/ | grep -v broken", interval: 1s, start_interval: 100ms, start_period: 10s, retries: 1}
    deploy:
      replicas: 2
${more}
  client: {image: box, command: sleep 1000, stop_grace_period: 0s, init: true}
`

test('a service has as many containers as it wants, found in turn by its name; scale changes that', async () => {
  const home = directory('several', { 'compose.yaml': several('one') })
  const up = await run(home, 'up')
  assert.equal(up.code, 0, up.err)
  assert.deepEqual(await names('several'), ['several-client-1', 'several-web-1', 'several-web-2'])
  const found = await instance.ok('exec', 'several-client-1', 'nslookup', 'web')
  assert.equal(new Set(found.match(/Address: 10\.\S+/g)).size, 2, found)
  assert.equal(changesIn(await run(home, 'up', '-d')), '')
  assert.equal((await run(home, 'scale', 'web=3')).code, 0)
  assert.deepEqual((await names('several')).length, 4)
  assert.equal((await run(home, 'up', '-d', '--scale', 'web=1')).code, 0)
  assert.deepEqual(await names('several'), ['several-client-1', 'several-web-1'])
  assert.match((await run(home, 'scale', 'nobody=1')).err, /no such service: nobody/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('several containers are updated one after the other; when one fails, those that were replaced come back', async () => {
  const rolling = (word: string): string =>
    several(word, '      update_config: {parallelism: 1, failure_action: rollback, order: start-first}')
  const home = directory('rolling', { 'compose.yaml': rolling('one') })
  assert.equal((await run(home, 'up')).code, 0)
  const before = await sorted('ps', '-aq', '--no-trunc')
  writeFileSync(`${home}/compose.yaml`, rolling('two'))
  const updated = await run(home, 'up', '-d')
  assert.equal(updated.code, 0, updated.err)
  assert.ok(updated.err.indexOf('rolling-web-1  Stopped') < updated.err.indexOf('rolling-web-2  Recreate'), updated.err)
  assert.deepEqual(await names('rolling'), ['rolling-client-1', 'rolling-web-1', 'rolling-web-2'])
  const now = await sorted('ps', '-aq', '--no-trunc')
  assert.equal(now.split('\n').filter((id) => before.includes(id)).length, 1, 'only the client is still there')

  // The first of the next version makes a directory, the second finds it there and fails.
  const second = '$$(mkdir /flag/taken && echo three || echo broken)'
  writeFileSync(`${home}/compose.yaml`, rolling(second).replace('ports:', 'volumes: ["./flag:/flag"]\n    ports:'))
  const failed = await run(home, 'up', '-d')
  assert.equal(failed.code, 1)
  assert.match(failed.err, /warning: web runs twice for a moment, as update_config\.order asks, although it writes to flag/)
  assert.match(failed.err, /rolling-web-1 {2}Recreated\n(.|\n)*rolling-web-2 {2}Error {2}the new version did not make it/)
  assert.match(failed.err, /Service web {2}Rolled back/)
  assert.equal(await sorted('ps', '-aq', '--no-trunc'), now)
  assert.deepEqual(await names('rolling'), ['rolling-client-1', 'rolling-web-1', 'rolling-web-2'])
  assert.match(await instance.ok('exec', 'rolling-client-1', 'wget', '-q', '-O-', 'http://web/'), /two/)
  assert.equal((await run(home, 'down')).code, 0)
})

test("deploy's restart policy may also be called as it is outside of deploy", async () => {
  const home = directory('policies', {
    'compose.yaml': `services:
  a: {image: box, command: sleep 1000, deploy: {restart_policy: {condition: unless-stopped}}}
  b: {image: box, command: sleep 1000, deploy: {restart_policy: {condition: always}}}
  c: {image: box, command: sleep 1000, deploy: {restart_policy: {condition: any}}}
`,
  })
  const { code, err } = await run(home, 'up', '-d')
  assert.equal(code, 0, err)
  const policies = await instance.ok('inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', 'policies-a-1', 'policies-b-1', 'policies-c-1')
  assert.equal(policies, 'unless-stopped\nalways\nalways')
  assert.equal((await run(home, 'down', '-t', '0')).code, 0)
})

test('secrets, configs, hooks, limits and networks are as the file says', async () => {
  const home = directory('given', {
    'token.txt': 'from a file\n',
    'compose.yaml': `services:
  app:
    image: box
    command: sleep 1000
    init: true
    stop_grace_period: 1s
    secrets: [token, {source: word, target: word.txt, uid: "37", gid: "37", mode: 0400}]
    configs: [{source: conf, target: /etc/app.conf}]
    post_start: [{command: ["sh", "-c", "cat /run/secrets/token > /tmp/hooked; echo hello from the hook"]}]
    pre_stop: [{command: ["sh", "-c", "echo stopping > /data/last"]}]
    deploy: {resources: {limits: {memory: 64M, cpus: "0.5", pids: 50}}, restart_policy: {condition: on-failure, max_attempts: 2}}
    networks: {back: {ipv4_address: 10.200.7.9, priority: 1}}
    volumes: [data:/data]
secrets:
  token: {file: ./token.txt}
  word: {environment: WORD}
configs:
  conf: {content: "mode = \${MODE}\\n"}
networks:
  back: {ipam: {config: [{subnet: 10.200.7.0/24, gateway: 10.200.7.1}]}}
volumes: {data: }
`,
  })
  const given = { cwd: home, env: { WORD: 'hidden', MODE: 'fast' } }
  const { code, err } = await instance.command(galley, ['up', '-d'], given)
  assert.equal(code, 0, err)
  const inside = (line: string): Promise<string> => instance.ok('exec', 'given-app-1', 'sh', '-c', line)
  assert.equal(await inside('cat /run/secrets/token /tmp/hooked /etc/app.conf'), 'from a file\nfrom a file\nmode = fast')
  assert.equal(
    await inside('cat /run/secrets/word.txt; stat -c "%u %g %a" /run/secrets/word.txt /etc/app.conf'),
    'hidden37 37 400\n0 0 444',
  )
  assert.equal(
    await instance.ok(
      'inspect',
      '-f',
      '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}}',
      'given-app-1',
    ),
    '67108864 500000000 50 on-failure',
  )
  assert.match(await inside('ip addr'), /inet 10\.200\.7\.9\/24/)
  assert.doesNotMatch(await instance.ok('inspect', 'given-app-1'), /hidden/, 'a secret is in no record')
  writeFileSync(`${home}/compose.yaml`, readFileSync(`${home}/compose.yaml`, 'utf8').replace('sleep 1000', 'sleep 1001'))
  const again = await instance.command(galley, ['up', '-d'], given)
  assert.equal(again.code, 0, again.err)
  assert.equal(await inside('cat /data/last'), 'stopping')
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('a secret without a value is refused before anything starts', async () => {
  const home = directory('unset', {
    'compose.yaml': 'services:\n  a: {image: box, command: sleep 1, secrets: [s]}\nsecrets: {s: {environment: NOT_SET_HERE}}\n',
  })
  const { code, err } = await run(home, 'up')
  assert.notEqual(code, 0)
  assert.match(err, /NOT_SET_HERE/)
  assert.deepEqual(await names('unset'), [])
})

test("a service lives in another one's namespaces, and moves with it", async () => {
  const sharing = (word: string): string => `services:
  web: {image: box, command: sleep 1000, init: true, stop_grace_period: 0s, ports: ["80"], environment: {WORD: ${word}}}
  inner: {image: box, command: httpd -f -p 80 -h /data, init: true, stop_grace_period: 0s, network_mode: "service:web", pid: "service:web"}
`
  const home = directory('shares', { 'compose.yaml': sharing('one') })
  assert.equal((await run(home, 'up', '--steady', '0.2')).code, 0)
  const address = async (): Promise<string> => (await run(home, 'port', 'web', '80')).out.trim().replace('0.0.0.0', '127.0.0.1')
  assert.equal(await instance.fetched(`http://${await address()}/seed`), 'from the image\n')
  assert.match(await instance.ok('exec', 'shares-inner-1', 'ps'), /sleep 1000/)
  writeFileSync(`${home}/compose.yaml`, sharing('two'))
  const told = await run(home, 'diff')
  assert.match(told.err, /shares-web-1 {2}recreate, after the old one stopped\n.*WORD: one → two\n.*inner lives in its namespaces/)
  assert.match(told.err, /shares-inner-1 {2}recreate.*\n.*it lives in the namespaces of web, which is made anew/)
  const moved = await run(home, 'up', '-d')
  assert.equal(moved.code, 0, moved.err)
  assert.equal(await instance.fetched(`http://${await address()}/seed`), 'from the image\n')
  assert.deepEqual(await names('shares'), ['shares-inner-1', 'shares-web-1'])
  assert.equal(changesIn(await run(home, 'up', '-d')), '')
  assert.equal((await run(home, 'down')).code, 0)
})
