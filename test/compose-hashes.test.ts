import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { withHashes } from '#compose/model/hash.ts'
import { loadProject } from '#compose/model/load.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { newerPlugin } from './newer-clients.ts'

/** The hashes of the model against those that docker compose puts on what it makes. */
const instance = instanceWithBox()

const shop = `services:
  web:
    image: box
    command: sleep 1000
    env_file: [web.env, {path: none.env, required: false}]
    environment: {A: 1.0, B: , C: "<&>"}
    labels: [x=y]
    ports: ["127.0.0.1::80"]
    volumes: ["data:/data", "./site:/site:ro"]
    networks: {front: {aliases: [www]}, default: }
    depends_on: [db]
    stop_grace_period: 1s
    deploy: {replicas: 2, resources: {limits: {memory: 64m, cpus: "0.5"}}}
    healthcheck: {test: "true", interval: 1m30s}
  db: {image: box, command: ["sleep", "1000"], stop_grace_period: 0s, tmpfs: /x, ulimits: {nofile: {soft: 100, hard: 200}}, extra_hosts: ["h:10.0.0.1"]}
networks:
  front: {labels: {a: b}, driver: bridge, internal: true}
  unused:
volumes:
  data: {labels: {c: d}}
`

test('services, networks and volumes have the hashes that docker compose labels them with', async (t: TestContext) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('no suite that has docker-compose can be reached')
  const directory = `${instance.home}/shop`
  mkdirSync(`${directory}/site`, { recursive: true })
  writeFileSync(`${directory}/compose.yaml`, shop)
  writeFileSync(`${directory}/web.env`, 'A=file\nF="x $A"\n')
  const up = await instance.command(program, ['up', '-d'], { cwd: directory })
  assert.equal(up.code, 0, up.err)
  const labelOf = async (kind: string, name: string): Promise<string> => {
    const format = `{{index ${kind === 'container' ? '.Config.Labels' : '.Labels'} "com.docker.compose.config-hash"}}`
    return (await instance.ok(kind, 'inspect', '-f', format, name)).trim()
  }
  // The variables that the test's own command lines have.
  const project = withHashes(loadProject({}, { directory, environment: {} }))
  for (const [name, containers] of [['web', ['shop-web-1', 'shop-web-2']] as const, ['db', ['shop-db-1']] as const])
    for (const container of containers) assert.equal(await labelOf('container', container), project.services[name]?.configHash, container)
  for (const key of ['front', 'default']) assert.equal(await labelOf('network', `shop_${key}`), project.networks[key]?.configHash, key)
  assert.equal(await labelOf('volume', 'shop_data'), project.volumes['data']?.configHash)
  assert.equal((await instance.command(program, ['down', '-v'], { cwd: directory })).code, 0)
})
