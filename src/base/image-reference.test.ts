import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GalleyError } from './error.ts'
import { canonicalReference, familiarReference, parseImageReference, withDefaultTag, withTag } from './image-reference.ts'

const hex = 'a'.repeat(64)

const good: readonly (readonly [string, string, string])[] = [
  ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
  ['me/app', 'docker.io/me/app:latest', 'me/app:latest'],
  ['library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
  ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
  ['localhost:5000/x:1', 'localhost:5000/x:1', 'localhost:5000/x:1'],
  ['LOCAL/x', 'LOCAL/x:latest', 'LOCAL/x:latest'],
  ['[::1]:5000/x', '[::1]:5000/x:latest', '[::1]:5000/x:latest'],
  ['a.b/c__d/e---f:v_1.2-3', 'a.b/c__d/e---f:v_1.2-3', 'a.b/c__d/e---f:v_1.2-3'],
  [`x@sha256:${hex}`, `docker.io/library/x@sha256:${hex}`, `x@sha256:${hex}`],
  [`x:1@sha256:${hex}`, `docker.io/library/x:1@sha256:${hex}`, `x:1@sha256:${hex}`],
]

for (const [text, canonical, familiar] of good) {
  test(`${text} is ${canonical}`, () => {
    const reference = withDefaultTag(parseImageReference(text))
    assert.equal(canonicalReference(reference), canonical)
    assert.equal(familiarReference(reference), familiar)
  })
}

const bad: readonly (readonly [string, string])[] = [
  ['', 'invalid reference format'],
  ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
  ['me/App:1', 'invalid reference format: repository name (me/App) must be lowercase'],
  [':latest', 'invalid reference format'],
  ['a:', 'invalid reference format'],
  ['a:b:c', 'invalid reference format'],
  ['a//b', 'invalid reference format'],
  ['a___b', 'invalid reference format'],
  ['-a', 'invalid reference format'],
  ['a b', 'invalid reference format'],
  [`a:${'t'.repeat(129)}`, 'invalid reference format'],
  [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
  [`x@sha256:${'a'.repeat(40)}`, 'invalid checksum digest length'],
  [`x@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
  ['a/'.repeat(130) + 'a', 'repository name must not be more than 255 characters'],
]

for (const [text, message] of bad) {
  test(`${text.slice(0, 40)} is refused: ${message.slice(0, 60)}`, () => {
    assert.throws(
      () => parseImageReference(text),
      (error: unknown) => error instanceof GalleyError && error.kind === 'invalid' && error.message === message,
    )
  })
}

test('a bad new tag is refused', () => {
  assert.throws(() => withTag(parseImageReference('a'), 'b c'), { message: 'invalid tag format' })
})

test('what parses, parses the same from its familiar and its canonical form', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,5}([._-][a-z0-9]{1,4}){0,2}$/)
  const host = fc.option(fc.constantFrom('docker.io/', 'localhost/', 'r.example:5000/', '[::1]:1/', ''), { nil: '' })
  fc.assert(
    fc.property(
      host,
      fc.array(word, { minLength: 1, maxLength: 4 }),
      fc.option(fc.stringMatching(/^\w[\w.-]{0,6}$/)),
      (domain, words, tag) => {
        fc.pre(domain !== '' || !words[0]?.includes('.'))
        const parsed = parseImageReference(`${domain}${words.join('/')}${tag === null ? '' : `:${tag}`}`)
        assert.deepEqual(parseImageReference(familiarReference(parsed)), parsed)
        assert.deepEqual(parseImageReference(canonicalReference(parsed)), parsed)
      },
    ),
  )
})

test('no text makes the parser throw anything but an invalid reference', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'A', '.', '_', '-', '/', ':', '@', '[', ']', '0', ' '), maxLength: 60 }), (text) => {
      try {
        parseImageReference(text)
      } catch (error) {
        assert.ok(error instanceof GalleyError && error.kind === 'invalid')
      }
    }),
  )
})
