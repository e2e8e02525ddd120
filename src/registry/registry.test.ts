import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { GalleyError } from '#base/error.ts'
import { formatHtpasswd, parseHtpasswd, type User } from './access/htpasswd.ts'
import { actionsOf, grant, pullAll, pushAll } from './access/rights.ts'
import { parseScope, readToken, signToken, tokenLifetime } from './access/tokens.ts'
import { Users } from './access/users.ts'
import { parseContentDigest } from './digest.ts'
import { parseName, parseTag } from './name.ts'
import { readManifest } from './read-manifest.ts'
import { checkSettings, domainsOf, isOwnHost, parseListen, type RegistrySettings } from './settings.ts'

test('names, tags and digests are what the specification says, and never a way out of a directory', () => {
  for (const good of ['a', 'a/b', 'a--b/c__d/e.f', 'docker.io/library/x', '127.0.0.1:5000/x', '0']) assert.equal(parseName(good), good)
  for (const bad of ['', '/', 'a/', '/a', 'a//b', 'A', 'a/../b', '..', '.a', 'a_', 'a/_tags/b', 'a b', 'a:1', 'a\0', 'é', 'a'.repeat(256)])
    assert.throws(() => parseName(bad), { code: 'name.invalid' }, bad)
  for (const bad of ['', '.a', '-a', 'a/b', 'a'.repeat(129), 'ä']) assert.throws(() => parseTag(bad), { code: 'tag.invalid' })
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
      for (const parse of [parseName, parseTag, parseContentDigest]) {
        try {
          const parsed = parse(text)
          assert.ok(!parsed.split('/').some((part) => part === '' || part.startsWith('.') || part.startsWith('_tags')))
        } catch (error) {
          assert.ok(error instanceof GalleyError && error.kind === 'invalid')
        }
      }
    }),
  )
})

test('no JSON makes the reader of manifests throw anything but its own errors', () => {
  const fields = fc.record(
    {
      schemaVersion: fc.constantFrom(2, 1, '2'),
      mediaType: fc.oneof(fc.string(), fc.constant('application/vnd.oci.image.manifest.v1+json')),
      config: fc.json().map((text) => JSON.parse(text) as unknown),
      layers: fc.array(fc.json().map((text) => JSON.parse(text) as unknown)),
      manifests: fc.json().map((text) => JSON.parse(text) as unknown),
      subject: fc.json().map((text) => JSON.parse(text) as unknown),
    },
    { requiredKeys: ['schemaVersion'] },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fields.map((value) => JSON.stringify(value)),
      ),
      fc.option(fc.string(), { nil: undefined }),
      (text, sent) => {
        try {
          readManifest(Buffer.from(text), sent)
        } catch (error) {
          assert.ok(error instanceof GalleyError && error.code === 'manifest.invalid')
        }
      },
    ),
  )
  assert.throws(() => readManifest(Buffer.from([0x7b, 0xff, 0x7d]), undefined), { code: 'manifest.invalid' })
})

test('layers that only their maker hands out need not be here', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const layer = { digest, size: 1, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' }
  const config = { digest: `sha256:${'b'.repeat(64)}`, size: 2, mediaType: 'x/y' }
  const text = JSON.stringify({ schemaVersion: 2, config, layers: [layer], subject: { digest, size: 5 } })
  const read = readManifest(Buffer.from(text), 'application/vnd.oci.image.manifest.v1+json; charset=utf-8')
  assert.deepEqual(read.blobs, [config.digest])
  assert.deepEqual(read.refers, { subject: digest, artifactType: 'x/y' })
})

const hash = `$2y$10$${'a'.repeat(53)}`
const user: User = { name: 'me', hash, rights: pushAll }

test('a password file is read as it was written, and other lines are refused by their number', () => {
  const rights = { pull: ['base', 'localhost:5000/*'], push: ['team/*'] }
  const users = [
    user,
    { name: 'reader@example', hash, rights: pullAll },
    { name: 'ci', hash, rights },
    { name: 'bot', hash, rights: { pull: [], push: ['a'] } },
  ]
  assert.deepEqual([...parseHtpasswd(`# made by hand\n\n${formatHtpasswd(users)}`).values()], users)
  for (const line of [
    'me',
    'me:plain',
    `me:${hash}:admin`,
    `../x:${hash}`,
    'me:$apr1$salt$hash',
    `me:${hash}:pull=`,
    `me:${hash}:pull=A`,
    `me:${hash}:read=a`,
    `me:${hash}:`,
  ])
    assert.throws(() => parseHtpasswd(`${formatHtpasswd([user])}${line}\n`), { kind: 'invalid', message: /line 2/ })
})

test('a damaged password file lets nobody in, is left as it is, and keeps nothing else from starting', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-users-`)
  try {
    writeFileSync(`${home}/registry.htpasswd`, `me:${hash}\nnonsense\n`)
    const problems: string[] = []
    const users = new Users(home, ({ message }) => problems.push(message))
    assert.match(problems[0] ?? '', /line 2/)
    assert.deepEqual(users.list(), [])
    await assert.rejects(users.set('other', 'password', pullAll), { kind: 'invalid' })
    assert.match(readFileSync(`${home}/registry.htpasswd`, 'utf8'), /nonsense/)
    writeFileSync(`${home}/registry.htpasswd`, `me:${hash}\n`)
    assert.deepEqual(users.get('me'), user, 'what another wrote is read')
    writeFileSync(`${home}/registry.htpasswd`, 'nonsense\n')
    assert.equal(users.get('me'), undefined)
    assert.equal(problems.length, 2)
  } finally {
    rmSync(home, { recursive: true })
  }
})

test('a token is good until it ends, is changed, or its user is another', () => {
  const key = Buffer.alloc(32, 7)
  const now = Date.UTC(2026, 0, 1)
  const access = [{ type: 'repository', name: 'a/b', actions: ['pull'] }]
  const token = signToken(key, user, access, now)
  const read = (text: string, at = now, found: readonly User[] = [user]): unknown => readToken(key, text, { now: at, find: () => found[0] })
  assert.deepEqual(read(token), { user, access })
  assert.equal(read(token, now + (tokenLifetime + 1) * 1000), undefined)
  assert.equal(read(token, now, [{ ...user, hash: hash.replace('a', 'b') }]), undefined)
  assert.equal(read(token, now, [{ ...user, rights: pullAll }]), undefined)
  assert.equal(read(token, now, []), undefined)
  assert.equal(readToken(Buffer.alloc(32, 8), token, { now, find: () => user }), undefined)
  const [head, body, signed] = token.split('.')
  const claims = Buffer.from(body ?? '', 'base64url')
    .toString()
    .replace('"pull"', '"push"')
  assert.equal(read(`${head}.${Buffer.from(claims).toString('base64url')}.${signed}`), undefined)
  fc.assert(fc.property(fc.string(), (text) => assert.equal(read(text), undefined)))
})

test('scopes are given as far as the user may', () => {
  assert.deepEqual(parseScope('repository:localhost:5000/a/b:pull,push'), {
    type: 'repository',
    name: 'localhost:5000/a/b',
    actions: ['pull', 'push'],
  })
  assert.equal(parseScope('nonsense'), undefined)
  const wanted = [{ type: 'repository', name: 'a', actions: ['pull', 'push', 'delete', '*'] }]
  const actions = (...[who, anonymous]: Parameters<typeof grant> extends [infer A, infer B, ...unknown[]] ? [A, B] : never): unknown =>
    grant(who, anonymous, { wanted })[0]?.actions
  assert.deepEqual(actions(user, 'none'), ['pull', 'push', 'delete'])
  assert.deepEqual(actions({ ...user, rights: pullAll }, 'none'), ['pull'])
  assert.deepEqual(actions(undefined, 'none'), [])
  assert.deepEqual(actions(undefined, 'pull'), ['pull'])
})

test('a pattern stands for names as a person would read it', () => {
  const may = (pattern: string, name: string): boolean =>
    actionsOf({ rights: { pull: [pattern], push: [] } }, 'none', name).includes('pull')
  for (const [pattern, name] of [
    ['*', 'a/b'],
    ['team/*', 'team/app'],
    ['team/*', 'team/deep/app'],
    ['*/app', 'team/app'],
    ['team/*-test', 'team/a-test'],
    ['a*b*a', 'aba'],
    ['app', 'app'],
    ['localhost:5000/*', 'localhost:5000/x'],
  ] as const)
    assert.ok(may(pattern, name), `${pattern} ${name}`)
  for (const [pattern, name] of [
    ['team/*', 'team'],
    ['team/*', 'teammate/app'],
    ['team/*', 'other/team/app'],
    ['app', 'app2'],
    ['a*a', 'a'],
    ['a*b*a', 'aa'],
    ['.', 'a'],
  ] as const)
    assert.ok(!may(pattern, name), `${pattern} ${name}`)
  const word = fc.stringMatching(/^[ab/]{1,6}$/)
  fc.assert(
    fc.property(fc.array(word, { minLength: 2, maxLength: 4 }), word, (parts, name) =>
      assert.equal(may(parts.join('*'), name), new RegExp(`^${parts.join('.*')}$`).test(name)),
    ),
  )
})

test('who may push somewhere reads there, and nowhere else', () => {
  const ci = { rights: { pull: ['base/*'], push: ['team/app'] } }
  assert.deepEqual(actionsOf(ci, 'none', 'team/app'), ['pull', 'push', 'delete'])
  assert.deepEqual(actionsOf(ci, 'none', 'base/os'), ['pull'])
  assert.deepEqual(actionsOf(ci, 'none', 'team/other'), [])
  assert.deepEqual(actionsOf(ci, 'pull', 'team/other'), ['pull'])
})

test('only loopback may be in the clear, and only known names count there', () => {
  const base: RegistrySettings = { ...parseListen('127.0.0.1:5000'), names: ['r.test'], anonymous: 'push', readOnly: false, mirrors: [] }
  checkSettings(base)
  checkSettings({ ...base, ...parseListen('[::1]:5000') })
  for (const listen of ['0.0.0.0:5000', ':5000', '[::]:5000', '192.0.2.1:5000', 'example.com:5000']) {
    assert.throws(() => checkSettings({ ...base, ...parseListen(listen), anonymous: 'none' }), { code: 'registry.tls' }, listen)
    const tls = { certificate: '/c', key: '/k' }
    assert.throws(() => checkSettings({ ...base, ...parseListen(listen), tls }), { code: 'registry.anonymous' }, listen)
    checkSettings({ ...base, ...parseListen(listen), tls, anonymous: 'pull' })
  }
  for (const bad of ['5000', 'a:0', 'a:70000', 'a:b:c', '::1:5000']) assert.throws(() => parseListen(bad), { kind: 'invalid' }, bad)
  assert.deepEqual(domainsOf(base), ['localhost:5000', '127.0.0.1:5000', 'r.test:5000'])
  for (const own of ['localhost:5000', '127.0.0.1', '127.1.2.3:9', '[::1]:5000', 'r.test:5000']) assert.ok(isOwnHost(base, own), own)
  for (const other of ['evil.example', 'localhost.evil.example:5000', '', '10.0.0.1:5000']) assert.ok(!isOwnHost(base, other), other)
})
