import { GalleyError } from '#base/error.ts'
import { familiarName, parseImageReference, withDefaultTag, withDigest, withTag, type ImageReference } from '#base/image-reference.ts'
import { parseDigest } from '#base/digest.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { architectureOf, parsePlatform } from '#content/manifests/platform.ts'
import { historyOf } from '#engine/images/history.ts'
import { checkChosen, platformOf as platformOfImage } from '#engine/images/platform-of.ts'
import type { Images } from '#engine/images/images.ts'
import { pruneImages } from '#engine/images/prune.ts'
import { selectImages } from '#engine/images/select.ts'
import type { PullRequest } from '#engine/images/pull.ts'
import { imageUsage } from '#engine/images/usage.ts'
import { historyItem, imageInspect, imageSummary } from './image-shapes.ts'
import { sendProgress } from './progress.ts'
import { registryAuth } from './registry-auth.ts'
import { filters, flag, sendEmpty, sendJson, type Call, type Routes } from './route.ts'
import { sendArchive } from './send-archive.ts'
import { transferReport } from './transfer-lines.ts'

/** Brings an image here from wherever it can be had. */
export type Pull = (request: PullRequest) => Promise<void>

/** Images of the Engine API. Missing: per-platform manifests (`manifests` of list and inspect). */
export function imageRoutes(images: Images, pull?: Pull): Routes {
  const name = (call: Call): string => call.params['name'] ?? ''
  return {
    'GET /images/json': (call) => list(images, call),
    'GET /images/{name…}/json': (call) => {
      checkPlatforms(images, name(call), call)
      sendJson(call, 200, imageInspect(images, images.resolve(name(call)), { formerFields: wantsFormerFields(call) }))
    },
    'GET /images/{name…}/history': async (call) => {
      checkPlatforms(images, name(call), call)
      sendJson(call, 200, (await historyOf(images, name(call))).map(historyItem))
    },
    'POST /images/{name…}/tag': (call) => tag(images, name(call), call),
    'DELETE /images/{name…}': async (call) => {
      if (name(call).trim() === '') throw new GalleyError('invalid', 'image name cannot be blank')
      sendJson(call, 200, await images.remove(name(call), { force: flag(call.query, 'force') }))
    },
    'GET /images/{name…}/get': (call) => save(images, [name(call)], call),
    'GET /images/get': (call) => save(images, call.query.getAll('names'), call),
    'POST /images/load': (call) => load(images, call),
    'POST /images/create': (call) => create(images, pull, call),
    'POST /images/prune': (call) => prune(images, call),
  }
}

/**
 * Fields that API 1.45 took away. Compose's first version asks for the newest API and can't do without: it finds there which volumes an
 * image has, before it makes a container anew.
 */
function wantsFormerFields({ minor, request }: Call): boolean {
  return minor < 45 || request.headers['user-agent']?.startsWith('docker-compose/1.') === true
}

async function list(images: Images, call: Call): Promise<void> {
  const wanted = filters(call.query)
  const old = call.query.get('filter')
  if (old !== null && old !== '') wanted.set('reference', [old])
  const shared = flag(call.query, 'shared-size') ? (await imageUsage(images)).shared : undefined
  const parents = flag(call.query, 'all') ? new Set() : new Set(images.list().map(({ parent }) => parent))
  // What other images were made from shows without a name only where all are asked for.
  const shown = selectImages(images, wanted).filter(({ id, references }) => references.length > 0 || !parents.has(id))
  sendJson(
    call,
    200,
    shown.map((image) => imageSummary(image, { containers: -1, shared: shared?.get(image.id) ?? -1 })),
  )
}

/** An image here is for one platform: that is the one that may be asked for. Throws `not found`, and `invalid` for several. */
function checkPlatforms(images: Images, name: string, { query }: Call): void {
  const [wanted, ...others] = query.getAll('platform')
  if (others.length > 0) throw new GalleyError('invalid', 'multiple platform parameters not supported')
  if (wanted) checkChosen(name, platformOfImage(images.resolve(name).config), platformIn(wanted))
}

/** The form of API 1.48 and later. Throws `invalid`. */
function platformIn(text: string): Platform {
  const { os, architecture, variant } = (jsonIn(text) ?? {}) as Readonly<Record<string, unknown>>
  if (typeof os !== 'string' || typeof architecture !== 'string')
    throw new GalleyError('invalid', `failed to parse platform: ${text}`, { subject: text })
  return { os, architecture: architectureOf(architecture), ...(typeof variant === 'string' && variant !== '' && { variant }) }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

async function tag(images: Images, source: string, call: Call): Promise<void> {
  await images.tag(source, targetOf(call.query.get('repo') ?? '', call.query.get('tag') ?? ''))
  sendEmpty(call, 201)
}

async function prune(images: Images, call: Call): Promise<void> {
  const { removed, reclaimed } = await pruneImages(images, filters(call.query))
  sendJson(call, 200, { ImagesDeleted: removed.length === 0 ? null : removed, SpaceReclaimed: reclaimed })
}

function create(images: Images, pull: Pull | undefined, call: Call): Promise<void> {
  const from = call.query.get('fromImage') ?? ''
  return from === '' ? importOne(images, call) : pullOne(pull, from, call)
}

async function importOne(images: Images, call: Call): Promise<void> {
  const { query } = call
  const source = query.get('fromSrc') ?? ''
  if (source === '') throw new GalleyError('invalid', 'an image is created from fromImage or from fromSrc, and neither is given')
  if (source !== '-')
    throw new GalleyError('not implemented', 'import from an address is not supported: fetch the archive and import it from standard input')
  const repo = query.get('repo') ?? ''
  const reference = repo === '' ? undefined : targetOf(repo, query.get('tag') ?? '')
  const platform = platformOf(query)
  if (platform !== undefined && platform.os !== 'linux')
    throw new GalleyError('invalid', `operating system is not supported: ${platform.os}`, { subject: platform.os })
  const { importImage } = await import('#engine/images/import.ts')
  const { applyChanges } = await import('#build/changes.ts')
  const config = applyChanges({}, query.getAll('changes'))
  await sendProgress(call, async (report) => {
    const image = await importImage(images, call.body, {
      reference,
      config,
      message: query.get('message') || `Imported from ${source}`,
      platform,
    })
    report({ status: image.id })
  })
}

async function pullOne(pull: Pull | undefined, from: string, call: Call): Promise<void> {
  if (pull === undefined) throw new GalleyError('not implemented', 'pulling images is not available in this daemon')
  const reference = sourceOf(from, call.query.get('tag') ?? '')
  const credentials = registryAuth(call)
  const platform = platformOf(call.query)
  await sendProgress(call, (report) => pull({ reference, platform, credentials, report: transferReport(report), signal: call.signal }))
}

async function save(images: Images, names: readonly string[], call: Call): Promise<void> {
  for (const name of names) checkPlatforms(images, name, call)
  const { saveImages } = await import('#engine/images/save.ts')
  await sendArchive(call, await saveImages(images, names))
}

/** What is wrong with the archive is told in the stream, as Docker does: docker-py looks nowhere else. */
function load(images: Images, call: Call): Promise<void> {
  call.response.writeHead(200, { 'content-type': 'application/json' })
  return sendProgress(call, async (report) => {
    const { loadImages } = await import('#engine/images/load.ts')
    for (const { image, references } of await loadImages(images, call.body)) {
      if (references.length === 0) report({ stream: `Loaded image ID: ${image.id}\n` })
      for (const reference of references) report({ stream: `Loaded image: ${reference}\n` })
    }
  })
}

function platformOf(query: URLSearchParams): Platform | undefined {
  const text = query.get('platform') ?? ''
  return text === '' ? undefined : parsePlatform(text)
}

/** `tag` may be a digest too; without either, all tags are meant. */
function sourceOf(name: string, tagOrDigest: string): ImageReference {
  const reference = parseImageReference(name)
  if (tagOrDigest === '') return reference
  return tagOrDigest.includes(':') ? withDigest(reference, parseDigest(tagOrDigest)) : withTag(reference, tagOrDigest)
}

function targetOf(repo: string, newTag: string): ImageReference {
  const reference = parseImageReference(repo)
  if (reference.digest !== undefined) throw new GalleyError('invalid', 'refusing to create a tag with a digest reference')
  if (familiarName(reference) === 'sha256')
    throw new GalleyError('invalid', 'refusing to create an ambiguous tag using digest algorithm as name')
  return newTag === '' ? withDefaultTag(reference) : withTag(reference, newTag)
}
