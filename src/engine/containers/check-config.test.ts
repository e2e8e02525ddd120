import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkConfig } from './check-config.ts'
import { completeConfig, completeHostConfig } from './defaults.ts'
import { rlimitsFor } from './rlimits.ts'

const check = (config: Record<string, unknown>, hostConfig: Record<string, unknown> = {}): void =>
  checkConfig(completeConfig(config), completeHostConfig(hostConfig))

const refused: readonly (readonly [Record<string, unknown>, Record<string, unknown>, string])[] = [
  [{ WorkingDir: 'rel' }, {}, "the working directory 'rel' is invalid, it needs to be an absolute path"],
  [{ Env: ['A=1', '=x'] }, {}, 'invalid environment variable: =x'],
  [{ Env: [''] }, {}, 'invalid environment variable: '],
  [{}, { ExtraHosts: ['bad'] }, 'bad format for add-host: "bad"'],
  [{}, { ExtraHosts: [':1.2.3.4'] }, 'bad format for add-host: ":1.2.3.4"'],
  [{}, { ExtraHosts: ['db:1.2.3'] }, 'invalid IP address in add-host: "1.2.3"'],
  [{}, { PortBindings: { 'x/tcp': [] } }, 'invalid port specification: "x/tcp"'],
  [{}, { PortBindings: { '0/tcp': [] } }, 'invalid port specification: "0/tcp"'],
  [{}, { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '99999' }] } }, 'invalid port specification: "99999"'],
  [{}, { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '90-80' }] } }, 'invalid port specification: "90-80"'],
]

for (const [config, hostConfig, message] of refused)
  test(`refused as Docker does: ${message}`, () => {
    assert.throws(() => check(config, hostConfig), { kind: 'invalid', message })
  })

test('what can be carried out is let through', () => {
  check(
    { WorkingDir: '/srv', Env: ['A', 'B=', 'C=d=e'], ExposedPorts: { '80/tcp': {} } },
    {
      ExtraHosts: ['db:10.0.0.1', 'six:fd00::1', 'here:host-gateway', 'old=10.0.0.2'],
      PortBindings: { '80/tcp': [{ HostIp: '::1', HostPort: '8080-8090' }], '53/udp': [] },
    },
  )
})

test('limits of processes that no client gave are null, as Docker shows them, and none when a client says so', () => {
  assert.equal(completeHostConfig({}).Ulimits, null)
  assert.deepEqual(rlimitsFor(completeHostConfig({ Ulimits: null })), [])
  assert.deepEqual(completeHostConfig({ Ulimits: [] }).Ulimits, [])
})
