import { GalleyError, messageOf } from '#base/error.ts'
import { parseImageReference, withDefaultTag, withTag, type ImageReference } from '#base/image-reference.ts'
import { RegistryError } from '#content/remote/error.ts'
import type { Registries } from '#content/remote/registries.ts'
import { search } from '#content/remote/search.ts'
import { describeRemote } from '#engine/images/describe-remote.ts'
import { pushImage, type Pushing } from '#engine/images/push.ts'
import { sendProgress } from './progress.ts'
import { credentialsOf, domainOf, registryAuth } from './registry-auth.ts'
import { filters, readJson, sendJson, type Call, type Routes } from './route.ts'
import { transferReport } from './transfer-lines.ts'

const mostSearchResults = 100
const defaultSearchResults = 25

/** What the Engine API does with other registries, beside pulling (see images.ts). */
export function registryRoutes(pushing: Pushing) {
  const { registries } = pushing
  return {
    'POST /images/{name…}/push': (call) => push(pushing, call),
    'POST /auth': (call) => login(registries, call),
    'GET /distribution/{name…}/json': (call) => describe(registries, call),
    'GET /images/search': (call) => find(registries, call),
  } satisfies Routes
}

async function push(pushing: Pushing, call: Call): Promise<void> {
  if ((call.query.get('platform') ?? '') !== '')
    throw new GalleyError('not implemented', 'pushing one platform of an image is not supported: every image here has one platform')
  const reference = pushed(call.params['name'] ?? '', call.query.get('tag') ?? '')
  const credentials = registryAuth(call)
  await sendProgress(call, (report) => pushImage(pushing, { reference, credentials, report: transferReport(report), signal: call.signal }))
}

function pushed(name: string, tag: string): ImageReference {
  const reference = parseImageReference(name)
  if (reference.digest !== undefined) throw new GalleyError('invalid', 'cannot push a digest reference')
  return tag === '' ? reference : withTag(reference, tag)
}

/** Asks the registry whether the credentials are good. */
async function login(registries: Registries, call: Call): Promise<void> {
  const body = await readJson(call)
  const credentials = credentialsOf(body)
  const domain = domainOf(typeof body['serveraddress'] === 'string' ? body['serveraddress'] : '')
  try {
    const identityToken = await registries.origin(domain, credentials).login(call.signal)
    sendJson(call, 200, { Status: 'Login Succeeded', IdentityToken: identityToken ?? '' })
  } catch (error) {
    if (error instanceof RegistryError && error.kind === 'forbidden')
      throw new GalleyError('unauthenticated', messageOf(error), { cause: error })
    throw error
  }
}

async function describe(registries: Registries, call: Call): Promise<void> {
  const reference = withDefaultTag(parseImageReference(call.params['name'] ?? ''))
  const { descriptor, platforms } = await describeRemote(registries, reference, { credentials: registryAuth(call), signal: call.signal })
  sendJson(call, 200, { Descriptor: descriptor, Platforms: platforms })
}

async function find(registries: Registries, call: Call): Promise<void> {
  const { domain, term } = searched(call.query.get('term') ?? '')
  const tests = searchTests(filters(call.query))
  try {
    const found = await search(registries.searching(domain, registryAuth(call)), term, limitOf(call.query.get('limit')), call.signal)
    const lines = found.map(({ name, description, stars, official }) => ({
      name,
      description,
      star_count: stars,
      is_official: official,
      is_automated: false,
    }))
    sendJson(
      call,
      200,
      lines.filter((line) => tests.every((test) => test(line))),
    )
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 404) throw error
    throw new GalleyError('not implemented', `registry ${domain} has no search`, {
      code: 'registry.no-search',
      subject: domain,
      cause: error,
    })
  }
}

/** `r.example/term` is searched for at r.example, anything else at Docker Hub. */
function searched(text: string): { domain: string; term: string } {
  if (text === '') throw new GalleyError('invalid', 'invalid term: a search needs one')
  const [first = '', ...rest] = text.split('/')
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  return named ? { domain: domainOf(first), term: rest.join('/') } : { domain: 'docker.io', term: text }
}

function limitOf(text: string | null): number {
  const limit = text === null || text === '' || text === '0' ? defaultSearchResults : Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostSearchResults) return limit
  throw new GalleyError('invalid', `limit ${text} is outside the range of [1, ${mostSearchResults}]`)
}

type SearchLine = Readonly<{ is_official: boolean; is_automated: boolean; star_count: number }>

function searchTests(wanted: ReadonlyMap<string, readonly string[]>): readonly ((line: SearchLine) => boolean)[] {
  return [...wanted].map(([name, values]) => {
    const value = values[0] ?? ''
    if (name === 'stars' && /^\d+$/.test(value)) return (line) => line.star_count >= Number(value)
    if ((name === 'is-official' || name === 'is-automated') && /^(true|false|1|0)$/.test(value)) {
      const truth = value === 'true' || value === '1'
      return (line) => (name === 'is-official' ? line.is_official : line.is_automated) === truth
    }
    throw new GalleyError('invalid', `invalid filter '${name}${values.length === 0 ? '' : `=${value}`}'`)
  })
}
