import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GalleyError } from '#base/error.ts'
import { applyChanges } from './changes.ts'
import type { RunConfig } from '#engine/images/model.ts'

const cases: readonly (readonly [string, RunConfig])[] = [
  ['CMD ["a","b c"]', { Cmd: ['a', 'b c'] }],
  ['cmd echo "hi there"', { Cmd: ['/bin/sh', '-c', 'echo "hi there"'] }],
  ['ENTRYPOINT ["/x"]', { Entrypoint: ['/x'], Cmd: null }],
  ['ENV A=1 B="2 3" C=\\ 4', { Env: ['A=1', 'B=2 3', 'C= 4'] }],
  ['ENV A the rest', { Env: ['A=the rest'] }],
  ['EXPOSE 80 53/udp 8000-8001', { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} } }],
  ['LABEL a.b=c "d e"=f', { Labels: { 'a.b': 'c', 'd e': 'f' } }],
  ['USER nobody', { User: 'nobody' }],
  ['VOLUME ["/a","/b"]', { Volumes: { '/a': {}, '/b': {} } }],
  ['VOLUME /a /b', { Volumes: { '/a': {}, '/b': {} } }],
  ['WORKDIR /x/../y', { WorkingDir: '/y' }],
  ['STOPSIGNAL SIGQUIT', { StopSignal: 'SIGQUIT' }],
  ['HEALTHCHECK --interval=1m30s --retries=2 CMD true', { Healthcheck: { Interval: 9e10, Retries: 2, Test: ['CMD-SHELL', 'true'] } }],
  ['HEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }],
]

for (const [line, expected] of cases) {
  test(`${line}`, () => assert.deepEqual(applyChanges({}, [line]), expected))
}

test('an entrypoint makes an earlier command meaningless, unless that is changed too', () => {
  assert.deepEqual(applyChanges({ Cmd: ['a'] }, ['ENTRYPOINT ["/x"]']), { Entrypoint: ['/x'], Cmd: null })
  assert.deepEqual(applyChanges({ Cmd: ['a'] }, ['CMD ["b"]', 'ENTRYPOINT ["/x"]']), { Entrypoint: ['/x'], Cmd: ['b'] })
})

test('variables of the environment are known', () => {
  assert.deepEqual(applyChanges({ Env: ['ROOT=/srv'] }, ['WORKDIR $ROOT/app']), { Env: ['ROOT=/srv'], WorkingDir: '/srv/app' })
})

test('later changes build on earlier ones', () => {
  const config = applyChanges({ Env: ['A=1', 'B=2'], WorkingDir: '/srv' }, ['ENV A=3\nWORKDIR app', 'WORKDIR sub'])
  assert.deepEqual(config, { Env: ['A=3', 'B=2'], WorkingDir: '/srv/app/sub' })
})

for (const line of ['RUN true', 'FROM x', 'EXPOSE 99999', 'EXPOSE x', 'HEALTHCHECK true', '__proto__ x', 'ENV A', 'USER a b']) {
  test(`${line} is refused`, () => assert.throws(() => applyChanges({}, [line]), { kind: 'invalid' }))
}

test('no text makes it throw anything but invalid', () => {
  const line = fc.tuple(
    fc.constantFrom('ENV', 'LABEL', 'CMD', 'EXPOSE', 'VOLUME', 'HEALTHCHECK', 'x'),
    fc.string({ unit: fc.constantFrom('a', '"', "'", '\\', '=', ' ', '[', ']', ',', '1', '-') }),
  )
  fc.assert(
    fc.property(line, ([name, rest]) => {
      try {
        applyChanges({}, [`${name} ${rest}`])
      } catch (error) {
        assert.ok(error instanceof GalleyError && error.kind === 'invalid')
      }
    }),
  )
})
