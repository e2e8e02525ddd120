import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import type { ScannedFile } from './model.ts'
import { scan } from './scan.ts'
import { spdxOf } from './spdx.ts'

type Contents = Readonly<Record<string, string | Buffer>>

function* filesOf(contents: Contents): Generator<ScannedFile> {
  for (const [path, content] of Object.entries(contents)) {
    const bytes = Buffer.from(content)
    yield { path, size: bytes.length, read: (start = 0, length = bytes.length) => bytes.subarray(start, start + length) }
  }
}

interface Document {
  readonly documentNamespace: string
  readonly creationInfo: { readonly created: string; readonly comment?: string }
  readonly packages: readonly {
    readonly SPDXID: string
    readonly name: string
    readonly licenseDeclared?: string
    readonly sourceInfo?: string
    readonly supplier?: string
    readonly externalRefs?: readonly { readonly referenceLocator: string }[]
  }[]
  readonly relationships: readonly { readonly relationshipType: string; readonly relatedSpdxElement: string }[]
}

async function documentOf(contents: Contents): Promise<Document> {
  const options = { name: 'image', created: 0, tool: 'galley-test', origin: (path: string) => `/${path}` }
  return spdxOf(await scan(filesOf(contents)), options) as Document
}

async function urlsOf(contents: Contents): Promise<string[]> {
  return (await documentOf(contents)).packages.flatMap(({ externalRefs = [] }) =>
    externalRefs.map(({ referenceLocator }) => referenceLocator),
  )
}

const debian = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME=\'Debian\'\nVERSION_ID="12"\nID=debian\n'

/** An archive of these files: packed, or as they are. */
function zipOf(contents: Contents, method: 0 | 8 = 8): Buffer {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [path, content] of Object.entries(contents)) {
    const [name, bytes] = [Buffer.from(path), Buffer.from(content)]
    const packed = method === 8 ? deflateRawSync(bytes) : bytes
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(method, 8)
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt32LE(bytes.length, 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(offset, 42)
    parts.push(local, name, packed)
    central.push(entry, name)
    offset += local.length + name.length + packed.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, directory, end])
}

test('dpkg: what is installed, and with distroless images what each file says', async () => {
  const contents = {
    'usr/lib/os-release': debian,
    'var/lib/dpkg/status': `Package: libc6
Status: install ok installed
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u4
Description: a library
 with more lines: also colons

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
`,
    'var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n',
    'var/lib/dpkg/status.d/tzdata.md5sums': 'Package: nonsense\nVersion: 1\n',
  }
  assert.deepEqual(await urlsOf(contents), [
    'pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12&upstream=glibc',
    'pkg:deb/debian/tzdata@2024a-0?arch=all&distro=debian-12',
  ])
  const { packages } = await documentOf(contents)
  assert.equal(packages.find(({ name }) => name === 'libc6')?.supplier, 'Person: GNU Libc Maintainers (debian-glibc@lists.debian.org)')
})

test('apk: fields of one letter, told apart by case', async () => {
  const installed =
    'C:Q1x\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\n\nP:ssl_client\nV:1.36.1-r5\nA:x86_64\no:busybox\nF:usr/bin\na:0:0:755\n\n'
  assert.deepEqual(await urlsOf({ 'lib/apk/db/installed': installed, 'etc/os-release': 'ID=alpine\nVERSION_ID=3.18.4\n' }), [
    'pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.18.4',
    'pkg:apk/alpine/ssl_client@1.36.1-r5?arch=x86_64&distro=alpine-3.18.4&upstream=busybox',
  ])
})

test('npm: installed modules, and lock files where nothing is installed, without what only developers need', async () => {
  const lock = JSON.stringify({
    lockfileVersion: 3,
    packages: {
      '': { name: 'app', version: '1.0.0' },
      'node_modules/express': { version: '4.18.2', license: 'MIT' },
      'node_modules/express/node_modules/@scope/inner': { version: '2.0.0' },
      'node_modules/jest': { version: '29.0.0', dev: true },
    },
  })
  assert.deepEqual(await urlsOf({ 'app/package-lock.json': lock }), ['pkg:npm/%40scope/inner@2.0.0', 'pkg:npm/express@4.18.2'])
  assert.deepEqual(
    await urlsOf({
      'app/package-lock.json': lock,
      'app/node_modules/express/package.json': '{"name": "express", "version": "4.19.0"}',
      'app/node_modules/express/test/fixtures/package.json': '{"name": "no-package", "version": "1.0.0"}',
      'app/node_modules/broken/package.json': '{"name": ',
    }),
    ['pkg:npm/express@4.19.0'],
  )
  const older = JSON.stringify({ dependencies: { a: { version: '1.0.0', dependencies: { b: { version: '2.0.0' } } } } })
  assert.deepEqual(await urlsOf({ 'npm-shrinkwrap.json': older }), ['pkg:npm/a@1.0.0', 'pkg:npm/b@2.0.0'])
})

test('python: what pip installed, under the name that indexes know', async () => {
  const metadata = 'Metadata-Version: 2.1\nName: Flask_Login\nVersion: 0.6.3\nLicense: BSD-3-Clause\n\nName: of the description\n'
  assert.deepEqual(
    await urlsOf({
      'usr/lib/python3/dist-packages/Flask_Login-0.6.3.dist-info/METADATA': metadata,
      'usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO': 'Name: six\nVersion: 1.16.0\n',
    }),
    ['pkg:pypi/flask-login@0.6.3', 'pkg:pypi/six@1.16.0'],
  )
})

test('java: by Maven, by the manifest or by the name, also in archives that lie in archives', async () => {
  const properties = 'artifactId=spring-core\ngroupId=org.springframework\nversion=6.1.0\n'
  const inner = zipOf({ 'META-INF/maven/org.springframework/spring-core/pom.properties': properties })
  const bundle = zipOf({
    'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\r\nBundle-SymbolicName: org.slf4j.ap\r\n i;singleton=true\r\nBundle-Version: 2.0.9\r\n',
  })
  const app = zipOf(
    { 'BOOT-INF/lib/spring-core-6.1.0.jar': inner, 'BOOT-INF/lib/slf4j-api-2.0.9.jar': bundle, 'META-INF/MANIFEST.MF': '' },
    0,
  )
  assert.deepEqual(await urlsOf({ 'app/shop-3.1.jar': app, 'app/notes.jar': 'no archive' }), [
    'pkg:maven/org.slf4j/slf4j-api@2.0.9',
    'pkg:maven/org.springframework/spring-core@6.1.0',
    'pkg:maven/shop/shop@3.1',
  ])
})

test('an archive that unpacks to more than it says is left alone', async () => {
  const bomb = zipOf({ 'META-INF/maven/a/b/pom.properties': `groupId=a\nartifactId=b\nversion=1\n${'x'.repeat(100_000)}` })
  bomb.writeUInt32LE(10, bomb.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02])) + 24)
  assert.deepEqual(await urlsOf({ 'bomb.jar': bomb }), [])
})

test('the document names what it is about and all that is in it, each package once with all its places', async () => {
  const contents = {
    'etc/os-release': debian,
    'a/node_modules/left-pad/package.json': '{"name": "left-pad", "version": "1.3.0", "license": "WTFPL"}',
    'b/node_modules/left-pad/package.json': '{"name": "left-pad", "version": "1.3.0", "license": "WTFPL"}',
    'b/node_modules/odd/package.json': '{"name": "odd", "version": "1.0.0", "license": "SEE LICENSE IN x"}',
    'var/lib/rpm/Packages': 'Berkeley',
  }
  const found = await documentOf(contents)
  assert.equal(found.creationInfo.created, '1970-01-01T00:00:00Z')
  assert.match(found.creationInfo.comment ?? '', /RPM's databases in Berkeley DB are not read/)
  assert.deepEqual(
    found.packages.map(({ name }) => name),
    ['image', 'debian', 'left-pad', 'odd'],
  )
  const [root, , leftPad, odd] = found.packages
  assert.equal(leftPad?.sourceInfo, 'found by /a/node_modules/left-pad/package.json, /b/node_modules/left-pad/package.json')
  assert.deepEqual([leftPad?.licenseDeclared, odd?.licenseDeclared], ['WTFPL', 'NOASSERTION'])
  assert.deepEqual(
    found.relationships.map(({ relationshipType, relatedSpdxElement }) => [relationshipType, relatedSpdxElement]),
    [['DESCRIBES', root?.SPDXID], ...found.packages.slice(1).map(({ SPDXID }) => ['CONTAINS', SPDXID])],
  )
  assert.equal(new Set(found.packages.map(({ SPDXID }) => SPDXID)).size, found.packages.length)
  assert.match(found.documentNamespace, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.deepEqual(await documentOf(Object.fromEntries(Object.entries(contents).toReversed())), found)
})
