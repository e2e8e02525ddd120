import { digestOf, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { familiarReference, parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { single } from '#content/blobs/single.ts'
import { parseManifest, type Descriptor } from '#content/manifests/manifest.ts'
import { choosePlatform, hostPlatform } from '#content/manifests/platform.ts'
import { blobMember, readArchive, type ArchiveEntry } from './archive.ts'
import { parseImageConfig } from './image-config.ts'
import type { Images } from './images.ts'
import type { Image } from './model.ts'

/** Larger members are streamed to disk; those with an archive's first bytes are unpacked as they arrive. */
const largestInMemory = 1 << 20
/** Bytes of small members held at once; an archive of more small members is refused. */
const mostInMemory = 64 << 20

export interface Loaded {
  readonly image: Image
  /** Familiar forms. */
  readonly references: readonly string[]
}

type Member = { readonly bytes: Buffer } | { readonly digest: Digest; readonly size: number; readonly diffId?: Digest }

interface Contents {
  readonly members: Map<string, Member>
  readonly links: Map<string, string>
}

interface Plan {
  readonly config: Buffer
  /** Members with the layers, lowest first. */
  readonly layers: readonly Member[]
  readonly references: readonly string[]
}

/** `docker load`: Docker's own archives, old and new, and OCI layouts, plain or compressed. Throws `invalid`. */
export function loadImages(images: Images, source: AsyncIterable<Uint8Array>): Promise<readonly Loaded[]> {
  return images.content.whileAdding(async () => {
    const contents = await receive(images, source)
    const loaded: Loaded[] = []
    for (const plan of await plans(images, contents)) loaded.push(await loadOne(images, plan))
    return loaded
  })
}

async function receive(images: Images, source: AsyncIterable<Uint8Array>): Promise<Contents> {
  const contents: Contents = { members: new Map(), links: new Map() }
  let held = 0
  for await (const entry of readArchive(source)) {
    if (entry.type === 'link') contents.links.set(entry.name, entry.target)
    if (entry.type !== 'file') continue
    if (entry.size <= largestInMemory) held += entry.size
    if (held > mostInMemory) throw new GalleyError('too large', 'the image archive has too many small members')
    contents.members.set(entry.name, entry.size <= largestInMemory ? { bytes: await collect(entry) } : await receiveLarge(images, entry))
  }
  return contents
}

async function collect(entry: ArchiveEntry): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of entry.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function receiveLarge(images: Images, entry: ArchiveEntry): Promise<Member> {
  const hex = /^blobs\/sha256\/([a-f0-9]{64})$/.exec(entry.name)?.[1]
  const expected = { size: entry.size, ...(hex === undefined ? {} : { digest: `sha256:${hex}` as const }) }
  const body = entry.body[Symbol.asyncIterator]()
  const first = (await body.next()).value as Buffer
  const all = (async function* (): AsyncGenerator<Buffer> {
    yield first
    yield* { [Symbol.asyncIterator]: () => body }
  })()
  if (!looksLikeLayer(first)) return images.content.blobs.put(all, expected)
  const { diffId, blob } = await images.content.addStream(all, expected)
  return { ...blob, diffId }
}

function looksLikeLayer(head: Buffer): boolean {
  const compressed = (head[0] === 0x1f && head[1] === 0x8b) || head.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))
  return compressed || head.toString('latin1', 257, 262) === 'ustar'
}

async function plans(images: Images, contents: Contents): Promise<Plan[]> {
  const docker = find(contents, 'manifest.json')
  if (docker !== undefined) return dockerPlans(images, contents, await bytesOf(images, docker))
  const index = find(contents, 'index.json')
  if (index === undefined)
    throw new GalleyError('invalid', 'invalid archive: neither manifest.json nor index.json was found', { code: 'archive.invalid' })
  return ociPlans(images, contents, await bytesOf(images, index))
}

async function dockerPlans(images: Images, contents: Contents, bytes: Buffer): Promise<Plan[]> {
  const result: Plan[] = []
  for (const { Config, RepoTags, Layers } of dockerManifest(bytes)) {
    const layers = Layers.map((name) => need(contents, name))
    result.push({ config: await bytesOf(images, need(contents, Config)), layers, references: RepoTags ?? [] })
  }
  return result
}

interface DockerEntry {
  readonly Config: string
  readonly RepoTags: readonly string[] | null
  readonly Layers: readonly string[]
}

function dockerManifest(bytes: Buffer): readonly DockerEntry[] {
  const texts = (value: unknown): boolean => Array.isArray(value) && value.every((entry) => typeof entry === 'string')
  try {
    const value = JSON.parse(bytes.toString('utf8')) as DockerEntry[]
    const sound = ({ Config, RepoTags, Layers }: DockerEntry): boolean =>
      typeof Config === 'string' && texts(RepoTags ?? []) && texts(Layers ?? [])
    if (Array.isArray(value) && value.every(sound)) return value.map((entry) => ({ ...entry, Layers: entry.Layers ?? [] }))
  } catch (cause) {
    throw new GalleyError('invalid', 'invalid archive: manifest.json is damaged', { code: 'archive.invalid', cause })
  }
  throw new GalleyError('invalid', 'invalid archive: manifest.json has another shape', { code: 'archive.invalid' })
}

async function ociPlans(images: Images, contents: Contents, bytes: Buffer): Promise<Plan[]> {
  const index = parseManifest(bytes)
  if (index.type !== 'index') throw new GalleyError('invalid', 'invalid archive: index.json is not an index', { code: 'archive.invalid' })
  const byManifest = new Map<Digest, Plan>()
  for (const descriptor of index.manifests) {
    const manifest = await imageManifest(images, contents, descriptor, 0)
    if (manifest === undefined) continue
    const known = byManifest.get(manifest.digest)
    const references = [...(known?.references ?? []), ...annotatedName(descriptor)]
    byManifest.set(manifest.digest, { config: manifest.config, layers: manifest.layers, references })
  }
  return [...byManifest.values()]
}

/** The manifest behind a descriptor, through at most three indexes; undefined when this machine's platform isn't in the archive. */
async function imageManifest(
  images: Images,
  contents: Contents,
  { digest }: Descriptor,
  depth: number,
): Promise<{ digest: Digest; config: Buffer; layers: Member[] } | undefined> {
  const found = find(contents, blobMember(digest))
  if (found === undefined && depth > 0) return undefined
  const bytes = await bytesOf(images, need(contents, blobMember(digest)))
  if (digestOf(bytes) !== digest)
    throw new GalleyError('invalid', `invalid archive: blob ${digest} has other content`, { code: 'archive.invalid' })
  const manifest = parseManifest(bytes)
  if (manifest.type === 'manifest') {
    const layers = manifest.layers.map((layer) => need(contents, blobMember(layer.digest)))
    return { digest, layers, config: await bytesOf(images, need(contents, blobMember(manifest.config.digest))) }
  }
  const chosen = choosePlatform(manifest.manifests, hostPlatform())
  return chosen === undefined || depth >= 3 ? undefined : imageManifest(images, contents, chosen, depth + 1)
}

/** containerd's annotation has the whole name; OCI's often only a tag, which alone names nothing. */
function annotatedName({ annotations }: Descriptor): string[] {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name']
  return name === undefined || !/[/:]/.test(name) ? [] : [name]
}

async function loadOne(images: Images, { config, layers, references }: Plan): Promise<Loaded> {
  const { diff_ids } = parseImageConfig(config).rootfs
  if (diff_ids.length !== layers.length)
    throw new GalleyError('invalid', `invalid manifest, layers length mismatch: expected ${diff_ids.length}, got ${layers.length}`)
  for (const [index, layer] of layers.entries()) await settle(images, layer, diff_ids[index] as Digest)
  const names = references.map((text) => withDefaultTag(parseImageReference(text)))
  const { id } = await images.add(config)
  for (const name of names) await images.refer(name, id)
  images.emit('load', id, { name: names[0] === undefined ? id : familiarReference(names[0]) })
  return { image: images.resolve(id), references: names.map(familiarReference) }
}

async function settle(images: Images, layer: Member, expected: Digest): Promise<void> {
  if ('diffId' in layer && layer.diffId === expected) return
  const stored = 'bytes' in layer ? await images.content.blobs.put(single(layer.bytes)) : layer
  await images.content.addBlob(stored.digest, stored.size, expected)
}

function find({ members, links }: Contents, name: string): Member | undefined {
  let at = name
  // A chain of links longer than any archive has is a circle.
  for (let hop = 0; hop < 16 && !members.has(at) && links.has(at); hop++) at = links.get(at) ?? ''
  return members.get(at)
}

function need(contents: Contents, name: string): Member {
  const member = find(contents, name)
  if (member === undefined) throw new GalleyError('invalid', `invalid archive: ${name} is missing`, { code: 'archive.invalid' })
  return member
}

async function bytesOf(images: Images, member: Member): Promise<Buffer> {
  if ('bytes' in member) return member.bytes
  if (member.size > 16 * largestInMemory)
    throw new GalleyError('too large', `${member.digest} is too large for a manifest or configuration`)
  return images.content.blobs.read(member.digest)
}
