import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPackageUrl } from './package-url.ts'

test('package URLs have their parts encoded, and qualifiers in order', () => {
  assert.equal(formatPackageUrl({ type: 'npm', namespace: ['@scope'], name: 'a', version: '1.0.0' }), 'pkg:npm/%40scope/a@1.0.0')
  assert.equal(
    formatPackageUrl({
      type: 'deb',
      namespace: ['debian'],
      name: 'libc6',
      version: '2:2.36-9+deb12u4',
      qualifiers: { distro: 'debian-12', arch: 'amd64', upstream: undefined },
    }),
    'pkg:deb/debian/libc6@2:2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12',
  )
  assert.equal(
    formatPackageUrl({ type: 'docker', namespace: ['127.0.0.1:5000'], name: 'x', version: '1', qualifiers: { platform: 'linux/amd64' } }),
    'pkg:docker/127.0.0.1:5000/x@1?platform=linux%2Famd64',
  )
  assert.equal(formatPackageUrl({ type: 'generic', name: 'plain' }), 'pkg:generic/plain')
})
