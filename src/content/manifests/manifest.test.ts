import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { digestOf } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { parseManifest, type Descriptor } from './manifest.ts'
import { layerMediaType, mediaTypes } from './media-types.ts'
import { choosePlatform, fitsPlatform, formatPlatform, normalPlatform, parsePlatform } from './platform.ts'

const entry = (os: string, architecture: string, variant?: string): Descriptor => ({
  mediaType: 'm',
  digest: digestOf(`${os}${architecture}${variant ?? ''}`),
  size: 1,
  platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
})

test('a Docker manifest and an OCI index are told apart by their content', () => {
  const layer = { mediaType: 'l', digest: digestOf('l'), size: 3 }
  const manifest = parseManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, config: layer, layers: [layer] })))
  assert.equal(manifest.type, 'manifest')
  const index = parseManifest(
    Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...layer, platform: { os: 'linux', architecture: 'amd64' } }] })),
  )
  assert.ok(index.type === 'index' && index.manifests[0]?.platform?.architecture === 'amd64')
})

test('an ambiguous document, a bad digest and schema 1 are refused', () => {
  const layer = { mediaType: 'l', digest: digestOf('l'), size: 3 }
  const parse = (value: unknown) => () => parseManifest(Buffer.from(JSON.stringify(value)))
  assert.throws(parse({ manifests: [], layers: [] }), { kind: 'invalid' })
  assert.throws(parse({ config: layer, layers: [{ ...layer, digest: 'sha256:../../x' }] }), { kind: 'invalid' })
  assert.throws(parse({ schemaVersion: 1 }), { kind: 'not implemented' })
})

test('a manifest served as something else is refused', () => {
  const layer = { mediaType: 'l', digest: digestOf('l'), size: 3 }
  const parse = (value: unknown, served: string) => () => parseManifest(Buffer.from(JSON.stringify(value)), served)
  const manifest = { schemaVersion: 2, config: layer, layers: [layer] }
  parse(manifest, mediaTypes.ociManifest)()
  parse({ ...manifest, mediaType: mediaTypes.dockerManifest }, mediaTypes.dockerManifest)()
  assert.throws(parse(manifest, mediaTypes.ociIndex), { kind: 'invalid', message: /image manifest with media type/ })
  assert.throws(parse({ ...manifest, mediaType: mediaTypes.dockerManifest }, mediaTypes.ociManifest), { message: /served as/ })
  assert.throws(parse({ schemaVersion: 2, manifests: [] }, 'text/html'), { kind: 'invalid' })
})

test('no JSON makes the parser throw anything but its own errors', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      try {
        parseManifest(Buffer.from(text))
      } catch (error) {
        assert.ok(error instanceof GalleyError)
      }
    }),
  )
})

test('platform choice prefers the variant, then none, and never an attestation', () => {
  const all = [
    entry('unknown', 'unknown'),
    entry('linux', 'arm', 'v7'),
    entry('linux', 'arm', 'v6'),
    entry('linux', 'amd64'),
    entry('linux', 'arm64', 'v8'),
  ]
  assert.equal(choosePlatform(all, parsePlatform('linux/arm/v6'))?.platform?.variant, 'v6')
  assert.equal(choosePlatform(all, parsePlatform('linux/arm64'))?.platform?.variant, 'v8')
  assert.equal(choosePlatform(all, parsePlatform('x86_64'))?.platform?.architecture, 'amd64')
  assert.equal(choosePlatform(all, parsePlatform('linux/arm/v5')), undefined)
  assert.equal(choosePlatform(all, parsePlatform('linux/s390x')), undefined)
  assert.equal(formatPlatform(parsePlatform('linux/aarch64/v8')), 'linux/arm64/v8')
  assert.throws(() => parsePlatform('a/b/c/d'), { kind: 'invalid' })
})

test('arm64 and arm64/v8 are one platform, and so are arm and arm/v7', () => {
  const all = [entry('linux', 'arm', 'v6'), entry('linux', 'arm', 'v7')]
  assert.equal(choosePlatform(all, parsePlatform('linux/arm'))?.platform?.variant, 'v7')
  const normal = ['linux/arm64/v8', 'arm64', 'linux/arm', 'linux/arm/v6', 'linux/amd64/v1', 'linux/amd64/v2'].map((text) =>
    formatPlatform(normalPlatform(parsePlatform(text))),
  )
  assert.deepEqual(normal, ['linux/arm64', 'linux/arm64', 'linux/arm/v7', 'linux/arm/v6', 'linux/amd64', 'linux/amd64/v2'])
  const fits = (own: string, wanted: string): boolean => fitsPlatform(parsePlatform(own), parsePlatform(wanted))
  assert.ok(fits('linux/arm64', 'linux/arm64/v8') && fits('linux/arm64/v8', 'linux/arm64') && fits('linux/arm/v6', 'linux/arm'))
  assert.ok(!fits('linux/arm/v6', 'linux/arm/v7') && !fits('linux/amd64', 'linux/arm64') && !fits('windows/amd64', 'linux/amd64'))
  assert.equal(formatPlatform({ os: 'linux', architecture: 'amd64', variant: '' }), 'linux/amd64')
})

test('a layer says by its first bytes how it is compressed', () => {
  assert.match(layerMediaType(Buffer.from([0x1f, 0x8b])), /gzip$/)
  assert.match(layerMediaType(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])), /zstd$/)
  assert.match(layerMediaType(Buffer.from('x')), /tar$/)
})
