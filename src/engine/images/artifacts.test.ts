import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { digestOf } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { parseImageReference } from '#base/image-reference.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import { Registries } from '#content/remote/registries.ts'
import { noSettings } from '#content/remote/settings.ts'
import { pullArtifact } from './artifacts.ts'

const kind = { artifactType: 'application/vnd.example.book', oldConfig: 'application/vnd.example.book.config' } as const
const layer = { mediaType: 'text/plain', digest: digestOf(Buffer.from('once')), size: 4 }

/** Pulls what a registry on loopback has; the caller's words are about books. */
async function pullOf(manifest: { readonly artifactType: string; readonly layers: readonly (typeof layer)[] }) {
  const config = { mediaType: mediaTypes.ociEmpty, digest: digestOf(Buffer.from('{}')), size: 2 }
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, ...manifest }))
  const server = http.createServer((request, response) => {
    const isManifest = request.url?.includes('/manifests/') === true
    response.setHeader('content-type', isManifest ? mediaTypes.ociManifest : 'application/octet-stream')
    response.setHeader('connection', 'close').end(isManifest ? bytes : 'once')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  using registries = new Registries({ settings: noSettings, certificates: '/nonexistent', clock: systemClock })
  const wanted = {
    ...kind,
    reference: parseImageReference(`127.0.0.1:${(server.address() as AddressInfo).port}/a/b:1`),
    otherKind: (mediaType: string) => new GalleyError('invalid', `no book, but ${mediaType}`),
    tooLarge: () => new GalleyError('too large', 'too thick for a book'),
  }
  try {
    return await pullArtifact(registries, wanted, { credentials: undefined, signal: new AbortController().signal })
  } finally {
    server.close()
  }
}

test('an artifact of the kind is pulled; what is none, or too large, is refused in the words of who asked', async () => {
  const { layers } = await pullOf({ artifactType: kind.artifactType, layers: [layer] })
  assert.deepEqual(
    layers.map(({ bytes }) => bytes.toString()),
    ['once'],
  )
  const others = pullOf({ artifactType: 'application/vnd.example.song', layers: [layer] })
  await assert.rejects(others, { kind: 'invalid', message: 'no book, but application/vnd.example.song' })
  const thick = pullOf({ artifactType: kind.artifactType, layers: [{ ...layer, size: 1 << 30 }] })
  await assert.rejects(thick, { kind: 'too large', message: 'too thick for a book' })
})
