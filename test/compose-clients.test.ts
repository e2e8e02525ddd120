import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { newerPlugin } from './newer-clients.ts'

/** Compose projects through docker compose, the old one in Python and the new one in Go, which nobody here wrote. */
const instance = instanceWithBox()
const clients = {
  'docker-compose 1.29': async () => (existsSync('/usr/bin/docker-compose') ? '/usr/bin/docker-compose' : undefined),
  'docker compose 2.40': () => newerPlugin('docker-compose'),
}
const project = `version: '3.8'
services:
  web:
    image: box
    command: httpd -f -p 80 -h /site
    ports: ["80"]
    volumes: ["site:/site"]
    networks: {front: {aliases: [www]}}
    healthcheck: {test: ["CMD", "test", "-e", "/site"], interval: 1s}
  client:
    image: box
    command: sh -c "echo hello > /site/page; until wget -q -O- http://www/page; do sleep 0.1; done; exec sleep 1000"
    volumes: ["site:/site"]
    networks: [front]
    environment: {WORD: "\${WORD}"}
networks: {front: {}}
volumes: {site: {}}
`

for (const [name, find] of Object.entries(clients)) {
  test(`${name} brings a project up, looks into it and takes it down`, async (t: TestContext) => {
    const program = await find()
    if (program === undefined) return t.skip(`${name} is not installed and no suite that has it can be reached`)
    const directory = `${instance.home}/${name.replaceAll(/\W/g, '')}`
    mkdirSync(directory)
    writeFileSync(`${directory}/docker-compose.yml`, project)
    writeFileSync(`${directory}/.env`, 'WORD=given\n')
    const compose = async (...args: string[]): Promise<Outcome> => {
      const outcome = await instance.command(program, args, { cwd: directory })
      assert.equal(outcome.code, 0, `${args.join(' ')}\n${outcome.out}${outcome.err}`)
      return outcome
    }
    await compose('up', '-d')
    assert.match(
      await instance.until(
        async () => (await compose('logs', 'client')).out,
        (text) => text.includes('hello'),
      ),
      /hello/,
    )
    assert.equal((await compose('exec', '-T', 'client', 'sh', '-c', 'echo $WORD')).out, 'given\n')
    assert.match((await compose('exec', '-T', 'client', 'wget', '-q', '-O-', 'http://web/page')).out, /^hello/)
    const [, port = ''] = (await compose('port', 'web', '80')).out.trim().split(':')
    assert.equal(await instance.fetched(`http://127.0.0.1:${port}/page`), 'hello\n')
    const first = await instance.ok('ps', '-q', '--no-trunc')
    await compose('up', '-d', '--force-recreate', '-t', '0')
    const ids = (await instance.ok('ps', '-q', '--no-trunc')).split('\n')
    assert.deepEqual([ids.length, ids.filter((id) => first.includes(id))], [2, []], 'both are made anew')
    const before = await instance.ok('ps', '-q', '--no-trunc')
    await compose('up', '-d')
    assert.equal(await instance.ok('ps', '-q', '--no-trunc'), before, 'what has not changed is left alone')
    await instance.until(
      async () => (await compose('ps')).out,
      (text) => /web.*\(healthy\)/.test(text),
    )
    await compose('restart', '-t', '0', 'client')
    await compose('stop', '-t', '0')
    await compose('down', '-v')
    assert.equal(await instance.ok('ps', '-aq'), '')
    assert.doesNotMatch(await instance.ok('volume', 'ls'), /site/)
    assert.doesNotMatch(await instance.ok('network', 'ls'), /front/)
  })
}

const shared = `services:
  db: {image: box, command: sleep 1000, init: true, volumes: ["data:/data"], healthcheck: {test: "true", interval: 1s, start_interval: 100ms, start_period: 5s}}
  web:
    image: box
    command: httpd -f -p 80 -h /data
    init: true
    ports: ["80"]
    environment: {WORD: "given"}
    deploy: {replicas: 2, resources: {limits: {memory: 64M}}}
    depends_on: {db: {condition: service_healthy}}
    configs: [{source: conf, target: /etc/conf}]
  beside: {image: box, command: sleep 1000, network_mode: "service:db", pid: "service:db", volumes_from: ["db:ro"], stop_grace_period: 0s}
configs: {conf: {content: "x=1"}}
volumes: {data: }
networks: {default: {labels: {mine: "yes"}}}
`

test("docker compose and galley go on with each other's projects and make nothing anew", async (t: TestContext) => {
  const compose = await newerPlugin('docker-compose')
  if (compose === undefined) return t.skip('docker compose 2.40 can not be had')
  for (const [first, second] of [
    ['galley', 'docker compose'],
    ['docker compose', 'galley'],
  ] as const) {
    const directory = `${instance.home}/shared-${first.replace(' ', '-')}`
    mkdirSync(directory)
    writeFileSync(`${directory}/compose.yaml`, shared)
    const run = async (tool: 'galley' | 'docker compose', ...args: string[]): Promise<Outcome> => {
      const outcome = await instance.command(tool === 'galley' ? resolve('galley') : compose, args, { cwd: directory })
      assert.equal(outcome.code, 0, `${tool} ${args.join(' ')}\n${outcome.out}${outcome.err}`)
      return outcome
    }
    const ids = async (): Promise<string[]> => (await instance.ok('ps', '-aq', '--no-trunc')).split('\n').toSorted()
    await run(first, 'up', '-d')
    const before = await ids()
    assert.equal(before.length, 4)
    const again = await run(second, 'up', '-d')
    assert.deepEqual(await ids(), before, `${first}, then ${second}: ${again.out}${again.err}`)
    await run(second, 'stop', '-t', '1', 'web')
    await run(first, 'up', '-d', '--scale', 'web=1')
    assert.equal((await ids()).length, 3)
    await run(second, 'up', '-d')
    assert.equal((await ids()).length, 4)
    await run(second, 'down', '-v')
    assert.equal(await instance.ok('ps', '-aq'), '')
    assert.doesNotMatch(await instance.ok('volume', 'ls'), /data/)
    assert.doesNotMatch(await instance.ok('network', 'ls'), /shared/)
  }
})
