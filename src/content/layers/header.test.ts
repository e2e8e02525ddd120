import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { padding, tarEnd, tarHeader, type Member } from './header.ts'
import { TarReader } from './tar.ts'

const name = fc.string({ unit: fc.constantFrom('a', 'Z', '.', ' ', '-', '0'), minLength: 1, maxLength: 130 })

const fields = {
  type: fc.constantFrom('file' as const, 'link' as const, 'symlink' as const, 'character' as const, 'fifo' as const),
  path: fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  target: fc.oneof(fc.constant(''), name),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
  gid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
  size: fc.constant(0),
  mtime: fc.oneof(fc.integer({ min: -(2 ** 33), max: 2 ** 40 }), fc.constant(1.5)),
  major: fc.integer({ min: 0, max: 4095 }),
  minor: fc.integer({ min: 0, max: 2 ** 20 - 1 }),
  xattrs: fc
    .array(fc.tuple(fc.constantFrom('user.a', 'security.capability', 'user.ü'), fc.uint8Array({ maxLength: 40 })))
    .map((pairs) => new Map(pairs.map(([key, value]) => [key, Buffer.from(value)] as const))),
}

const member: fc.Arbitrary<Member> = fc.record(fields, { noNullPrototype: true })

async function* stream(...parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts
}

test('what is written is read again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(member, { maxLength: 4 }), async (members) => {
      const reader = new TarReader(stream(...members.map(tarHeader), tarEnd))
      for (const expected of members) {
        const got = await reader.next()
        assert.deepEqual({ ...got, xattrs: new Map(got?.xattrs) }, expected)
      }
      assert.equal(await reader.next(), undefined)
    }),
  )
})

test('a size beyond 8 GiB is announced in the PAX header', async () => {
  const large: Member = { ...fc.sample(member, 1)[0]!, type: 'file', size: 2 ** 40 }
  assert.equal((await new TarReader(stream(tarHeader(large))).next())?.size, 2 ** 40)
})

test('bodies are filled up to whole blocks', () => {
  assert.deepEqual(
    [0, 1, 511, 512, 513].map((size) => padding(size).length),
    [0, 511, 1, 0, 511],
  )
})
