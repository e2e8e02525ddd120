import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf, isInsecure, noSettings, originOf, parseSettings } from './settings.ts'

test('mirrors come in order before the registry itself, for any registry', () => {
  const settings = parseSettings(
    '{"mirrors": {"docker.io": ["https://a.example/hub/", "b.example:5000"], "r.example": ["http://127.0.0.1:1"]}}',
  )
  assert.deepEqual(
    endpointsOf(settings, 'docker.io').map(({ url }) => url),
    ['https://a.example/hub', 'https://b.example:5000', 'https://registry-1.docker.io'],
  )
  assert.deepEqual(endpointsOf(settings, 'r.example'), [
    { url: 'http://127.0.0.1:1', insecure: true, mirror: true },
    { url: 'https://r.example', insecure: false, mirror: false },
  ])
  assert.deepEqual(originOf(settings, 'docker.io'), { url: 'https://registry-1.docker.io', insecure: false, mirror: false })
})

test('loopback is insecure by default, other hosts only by configuration', () => {
  for (const host of ['127.0.0.1:5000', '127.9.9.9', 'localhost:1', '[::1]:5000']) assert.ok(isInsecure(noSettings, host), host)
  for (const host of ['10.0.0.1', '128.0.0.1', 'r.example', '127.0.0.1.example', '[::2]:1']) assert.ok(!isInsecure(noSettings, host), host)
  const settings = parseSettings('{"insecure": ["10.0.0.0/8", "r.example:5000", "s.example", "fd00::/8"]}')
  for (const host of ['10.2.3.4:5', 'r.example:5000', 's.example:9', 's.example', '[fd00::1]', '127.0.0.1'])
    assert.ok(isInsecure(settings, host), host)
  for (const host of ['11.0.0.1', 'r.example', 'r.example:5001']) assert.ok(!isInsecure(settings, host), host)
})

test('what is not understood is refused by name', () => {
  for (const [text, message] of [
    ['[]', /the file is not an object/],
    ['{', /invalid registry configuration/],
    ['{"mirror": {}}', /mirror is not known/],
    ['{"mirrors": {"docker.io": "a"}}', /mirrors\.docker\.io is not text/],
    ['{"mirrors": {"docker.io": ["https://u:p@a"]}}', /may have a host, a port and a path only/],
    ['{"insecure": ["10.0.0.0/33"]}', /neither a host nor a network/],
    ['{"insecure": ["https://a/b"]}', /neither a host nor a network/],
    ['{"ca": {"a": 1}}', /ca\.a is not text/],
  ] as const)
    assert.throws(() => parseSettings(text), { kind: 'invalid', message })
})
