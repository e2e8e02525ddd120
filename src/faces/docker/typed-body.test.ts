import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GalleyError } from '#base/error.ts'
import { completeConfig, completeHostConfig } from '#engine/containers/defaults.ts'
import { portsOf } from '#engine/containers/ports.ts'
import { createBody, execBody, updateBody } from './container-body.ts'
import { decodeBody } from './typed-body.ts'

test('a wrong type is named by its field', () => {
  assert.throws(
    () => decodeBody({ HostConfig: { Memory: '1g' } }, createBody),
    /string into Go struct field HostConfig.Memory of type int64/,
  )
  assert.throws(() => decodeBody({ HostConfig: { Memory: 1.5 } }, createBody), /number 1.5 into .* of type int64/)
  assert.throws(() => decodeBody({ Labels: { a: 1 } }, createBody), /field Labels of type string/)
  assert.throws(() => decodeBody({ Env: 'A=b' }, createBody), /field Env of type slice/)
  assert.throws(() => decodeBody({ Tty: 'yes' }, execBody), /field Tty of type bool/)
  assert.throws(() => decodeBody({ RestartPolicy: 'always' }, updateBody), /field RestartPolicy of type struct/)
})

test('null, missing and unknown fields pass, and a command may be one text', () => {
  decodeBody({ Cmd: 'true', Entrypoint: ['sh'], HostConfig: null, Env: null, Unheard: { of: 1 } }, createBody)
  assert.deepEqual(completeConfig({ Cmd: 'true' }).Cmd, ['true'])
})

test('names of fields are taken in any case, names that users choose are left as they are', () => {
  assert.deepEqual(decodeBody({ detachKeys: 'ctrl-p', Cmd: ['cat'] }, execBody), { DetachKeys: 'ctrl-p', Cmd: ['cat'] })
  const body = { labels: { env: 'x', Env: 'y' }, hostConfig: { shmsize: 5 }, Unheard: 1 }
  assert.deepEqual(decodeBody(body, createBody), { Labels: { env: 'x', Env: 'y' }, HostConfig: { ShmSize: 5 }, Unheard: 1 })
})

test('what a client leaves out of a port, limit or device is empty, as Docker shows it', () => {
  const given = {
    PortBindings: { '80/tcp': [{ HostPort: '0' }, {}] },
    Ulimits: [{ Name: 'core' }],
    RestartPolicy: {},
    LogConfig: {},
    Memory: null,
  }
  const { HostConfig } = decodeBody({ HostConfig: given }, createBody)
  assert.deepEqual(HostConfig, {
    PortBindings: {
      '80/tcp': [
        { HostIp: '', HostPort: '0' },
        { HostIp: '', HostPort: '' },
      ],
    },
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    RestartPolicy: { Name: '', MaximumRetryCount: 0 },
    LogConfig: { Type: '', Config: null },
    Memory: null,
  })
})

test('whatever JSON comes, it is taken or refused, never a failure of ours', () => {
  const names = [
    'Memory',
    'Binds',
    'Mounts',
    'Ulimits',
    'RestartPolicy',
    'LogConfig',
    'Devices',
    'Tmpfs',
    'SecurityOpt',
    'IpcMode',
    'CapAdd',
    'Links',
    'PortBindings',
  ]
  const hostConfig = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 3 }))
  fc.assert(
    fc.property(hostConfig, (HostConfig) => {
      try {
        const body = decodeBody({ HostConfig }, createBody) as { HostConfig: Record<string, unknown> }
        portsOf({ config: completeConfig({}), hostConfig: completeHostConfig(body.HostConfig) })
      } catch (error) {
        assert.ok(error instanceof GalleyError && ['invalid', 'not implemented'].includes(error.kind), String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test('fields that every object inherits are unknown fields like others', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
    decodeBody(JSON.parse(`{"${name}": {"Image": 1}, "Image": "box"}`) as Record<string, unknown>, createBody)
})
