import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GalleyError } from '#base/error.ts'
import { checkMount, parseBind } from './mount-requests.ts'

test('a path that is not absolute is refused in the words of Docker, and with how it is written', () => {
  const wanted = (type: string) => ({
    message: `invalid volume specification: '${type === 'bind' ? '/x' : 'x'}:data': invalid mount config for type "${type}": invalid mount path: 'data' mount path must be absolute`,
    advice: 'A path inside a container begins with a slash: /data',
  })
  assert.throws(() => parseBind('/x:data'), wanted('bind'))
  assert.throws(() => parseBind('x:data'), wanted('volume'))
})

test('a bind names a directory, a volume or nothing at all before its target', () => {
  assert.deepEqual(parseBind('/a:/b:ro,rslave'), {
    Type: 'bind',
    Source: '/a',
    Target: '/b',
    ReadOnly: true,
    Mode: 'ro,rslave',
    BindOptions: { CreateMountpoint: true, Propagation: 'rslave' },
  })
  assert.deepEqual(parseBind('name:/b/:nocopy'), {
    Type: 'volume',
    Source: 'name',
    Target: '/b',
    ReadOnly: false,
    Mode: 'nocopy',
    VolumeOptions: { NoCopy: true },
  })
  assert.deepEqual(parseBind('/b'), { Type: 'volume', Target: '/b', ReadOnly: false, VolumeOptions: { NoCopy: false } })
})

for (const wrong of ['', ':', 'a:b', '/a:/', '/a:/b:ro,rw', '/a:/b:wrong', '/a:/b:nocopy', 'a:/b:ro:x', '/a::ro']) {
  test(`"${wrong}" is no bind`, () => {
    assert.throws(
      () => parseBind(wrong),
      (error) => error instanceof GalleyError && error.kind === 'invalid',
    )
  })
}

test('a target never leaves the container: it is absolute, without dots, and not the root', () => {
  const segment = fc.constantFrom('a', '.', '..', '', 'b c')
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
      const Target = `/${segments.join('/')}`
      try {
        const checked = checkMount({ Type: 'tmpfs', Target })
        assert.match(checked.Target, /^(\/[^/]+)+$/)
        assert.ok(!checked.Target.split('/').some((part) => part === '..' || part === '.'))
      } catch (error) {
        assert.ok(error instanceof GalleyError && error.kind === 'invalid', String(error))
      }
    }),
  )
})

const faults = [
  [{ Type: 'bind', Source: 'relative', Target: '/t' }, /mount path must be absolute/],
  [{ Type: 'bind', Target: '/t' }, /field Source must not be empty/],
  [{ Type: 'tmpfs', Source: '/s', Target: '/t' }, /field Source must not be specified/],
  [{ Type: 'volume', Target: '/t', BindOptions: {} }, /field BindOptions must not be specified/],
  [{ Type: 'volume', Source: 'v', Target: '/t', VolumeOptions: { Subpath: '../up' } }, /relative path within the volume/],
  [{ Type: 'bind', Source: '/s', Target: '' }, /field Target must not be empty/],
  [{ Type: 'wrong', Target: '/t' }, /mount type unknown: "wrong"/],
] as const

for (const [request, message] of faults) {
  test(`${JSON.stringify(request)} is refused`, () => {
    assert.throws(() => checkMount(request as unknown as Parameters<typeof checkMount>[0]), message)
  })
}
