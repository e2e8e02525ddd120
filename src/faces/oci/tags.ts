import { GalleyError } from '#base/error.ts'
import { listable } from './authorize.ts'
import { nextPage, sendJson, type Call, type Face } from './face.ts'

/** Names on one page of the catalogue when the client doesn't say how many, and at most. */
const usualPage = 1000

/** `GET /v2/<name>/tags/list` (end-8a, end-8b). */
export async function listTags(face: Face, call: Call): Promise<void> {
  const tags = await face.mirrors.tags(call.name, call.signal)
  const { page, next } = pageOf(tags, call.query, undefined)
  sendJson(call, { name: call.name, tags: page }, next === undefined ? {} : nextPage(`/v2/${call.name}/tags/list`, next))
}

/** `GET /v2/_catalog`, which only Docker's registry API has: all repositories that the client may pull from. */
export async function catalog(face: Face, call: Call): Promise<void> {
  const mayRead = await listable(face, call.request)
  const names = face.registry.repositories.all().flatMap(({ name }) => (mayRead(name) ? name : []))
  const { page, next } = pageOf(names, call.query, usualPage)
  sendJson(call, { repositories: page }, next === undefined ? {} : nextPage('/v2/_catalog', next))
}

interface Page {
  readonly page: readonly string[]
  readonly next: Readonly<Record<string, string>> | undefined
}

/** The part of a sorted list that `n` and `last` ask for. */
function pageOf(all: readonly string[], query: URLSearchParams, usual: number | undefined): Page {
  const count = countOf(query.get('n')) ?? usual ?? all.length
  const after = query.get('last')
  const rest = after === null ? all : all.filter((name) => name > after)
  const page = rest.slice(0, count)
  const last = page.at(-1)
  return { page, next: last === undefined || page.length === rest.length ? undefined : { n: String(count), last } }
}

function countOf(text: string | null): number | undefined {
  if (text === null || text === '') return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new GalleyError('invalid', `invalid number of results requested: ${text.slice(0, 50)}`, { code: 'page.invalid' })
}
