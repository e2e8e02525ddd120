import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signIn } from './build-problem.ts'

/** What programs really print when a name isn't known, or nobody answers. */
const words: Readonly<Record<string, string>> = {
  'pypi.org': "WARNING: Retrying after connection broken by 'x': HTTPSConnectionPool(host='pypi.org', port=443): Name or service not known",
  'proxy.golang.org':
    'go: github.com/go-chi/chi/v5@v5.0.7: Get "https://proxy.golang.org/x.mod": dial tcp: lookup proxy.golang.org on 10.0.0.1:53: no such host',
  'npm.example': 'npm error network request to https://npm.example/left-pad failed, reason: getaddrinfo ENOTFOUND npm.example',
  'repo.maven.apache.org':
    '[ERROR] Could not transfer artifact org.x:y:pom:1 from/to central (https://repo.maven.apache.org/maven2): Unknown host',
  'repo1.maven.org':
    '[FATAL] Non-resolvable parent POM: Could not transfer artifact a:b:pom:1 from/to central (https://repo1.maven.org/maven2): transfer failed for https://repo1.maven.org/maven2/a/b.pom',
  'services.gradle.org': 'Exception in thread "main" java.net.UnknownHostException: services.gradle.org',
  'packages.example': "W: Failed to fetch http://packages.example/debian/dists/x/InRelease  Temporary failure resolving 'packages.example'",
  'example.com': 'curl: (6) Could not resolve host: example.com',
  'packages.invalid': "wget: bad address 'packages.invalid'",
  'github.com': "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com",
  'rubygems.org':
    'Could not fetch specs from https://rubygems.org/ due to underlying error <SocketError: Failed to open TCP connection to rubygems.org:443>',
}

for (const [host, line] of Object.entries(words)) {
  test(`a step that could not reach ${host} is known by what it printed`, () => {
    assert.deepEqual(signIn(1, ['first', line, 'ERROR: No matching distribution found']), { kind: 'no-answer', program: host, line })
  })
}

test('pip, which names no machine while it tries again, is understood too', () => {
  const line =
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(… [Errno -2] Name or service not known')': /simple/flask/"
  assert.deepEqual(signIn(1, [line]), { kind: 'no-answer', program: '', line })
})

test('a step that misses something on its own loopback says nothing of networks', () => {
  assert.equal(signIn(1, ['Error: connect ECONNREFUSED 127.0.0.1:5432']), undefined)
})

test('a step whose place to write is full says that', () => {
  const line = "dd: error writing '/large': No space left on device"
  assert.deepEqual(signIn(1, ['3+0 records in', line]), { kind: 'no-space', program: '', line })
})
