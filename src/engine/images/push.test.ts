import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest } from '#base/digest.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { Registries } from '#content/remote/registries.ts'
import { noSettings } from '#content/remote/settings.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { Images } from './images.ts'
import { importImage } from './import.ts'
import { memoryContent } from './memory-content.ts'
import { pushImage, type PushRequest } from './push.ts'

const reference = withDefaultTag(parseImageReference('registry.test/app'))

/** Pushes the name of the second of two images to a registry that has all blobs already; resolves with which of them has the digest then. */
async function pushing(composition: (first: Digest) => Partial<PushRequest>, beforeManifest: (images: Images) => Promise<unknown>) {
  await using store = openMemoryStore()
  const clock = new FakeClock()
  const images = new Images({ store, ...memoryContent(), clock })
  await images.start()
  const make = async (layer: string): Promise<Digest> => {
    const source = (async function* () {
      yield Buffer.from(layer)
    })()
    return (await importImage(images, source, { reference })).id
  }
  const [first, second] = [await make('first'), await make('second')]
  using registries = new Registries({ settings: noSettings, certificates: '/nonexistent', clock })
  const target = {
    has: async () => true,
    mount: async () => false,
    upload: async () => undefined,
    putManifest: async () => void (await beforeManifest(images)),
  }
  const request = { reference, credentials: undefined, report: () => undefined, signal: new AbortController().signal }
  await pushImage({ images, registries, own: () => target }, { ...request, ...composition(first) })
  const named = images.list().find(({ references }) => references.some((text) => text.includes('@')))
  return named === undefined ? undefined : named.id === first ? 'first' : named.id === second ? 'second' : 'another'
}

const nothing = async (): Promise<void> => undefined

test('what is pushed has the digest here, also when another build has taken its name meanwhile', async () => {
  assert.equal(await pushing(() => ({}), nothing), 'second')
  assert.equal(await pushing((first) => ({ composition: { members: [{ image: first }] } }), nothing), 'first')
})

test('an image that is removed while it is pushed is pushed all the same', async () => {
  assert.equal(
    await pushing(
      () => ({}),
      (images) => images.remove('registry.test/app'),
    ),
    undefined,
  )
})
