import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { loadProject } from '#compose/model/load.ts'
import { refuseUnsupported } from './refuse.ts'

const directory = mkdtempSync(`${tmpdir()}/galley-refuse-`)
after(() => rmSync(directory, { recursive: true, force: true }))

function refuse(text: string): void {
  writeFileSync(`${directory}/compose.yaml`, text)
  refuseUnsupported(loadProject({}, { directory, environment: {} }))
}

test('what would be ignored is refused by name, with its place', () => {
  const refused: [string, RegExp][] = [
    [
      'services:\n  a:\n    image: b\n    credential_spec: {file: x}\n',
      /compose\.yaml:4:5: services\.a\.credential_spec is not implemented/,
    ],
    ['services:\n  a:\n    image: b\n    provider: {type: x}\n', /:4:5: services\.a\.provider is not implemented/],
    [
      'services:\n  a: {image: b, networks: [n]}\nnetworks:\n  n: {driver: overlay}\n',
      /:4:7: the network driver overlay is not implemented/,
    ],
    ['services:\n  a: {image: b, deploy: {mode: global-job}}\n', /:2:\d+: services\.a\.deploy\.mode: global-job is not implemented/],
    ['services:\n  a: {image: b, ports: ["80/sctp"]}\n', /:2:25: publishing a port of protocol sctp is not implemented/],
  ]
  for (const [text, message] of refused) assert.throws(() => refuse(text), message)
})

test('where something else does the same, it is told', () => {
  const devices = 'deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}'
  assert.throws(() => refuse(`services:\n  a: {image: b, ${devices}}\n`), { advice: /^Where the machine declares devices by CDI/ })
  assert.throws(() => refuse('services:\n  a: {image: b, networks: [n]}\nnetworks:\n  n: {driver: overlay}\n'), {
    advice: /^Leave it out: the usual one is bridge/,
  })
  assert.throws(() => refuse('services:\n  a: {image: b, provider: {type: x}}\n'), { advice: undefined })
})

test('a service of every machine has one container, as there is one machine', () => {
  writeFileSync(`${directory}/compose.yaml`, 'services:\n  a: {image: b, deploy: {mode: global, replicas: 3}}\n')
  const project = loadProject({}, { directory, environment: {} })
  refuseUnsupported(project)
  assert.equal(project.services['a']?.replicas, 1)
})

test('what is carried out, what nobody uses, and what is only for watching is let through', () => {
  refuse('services:\n  a: {image: b, develop: {watch: [{path: ., action: rebuild}]}}\nnetworks:\n  unused: {driver: overlay}\n')
  refuse('x-mine: {anything: true}\nservices:\n  a: {image: b, x-own: 1, volumes: ["./a:/a:ro"]}\n')
})
