import { GalleyError } from '#base/error.ts'
import { parseName } from '#registry/name.ts'
import { getBlob, removeBlob } from './blobs.ts'
import type { Handler } from './face.ts'
import { getManifest, putManifestByName, removeManifest } from './manifests.ts'
import { listReferrers } from './referrers.ts'
import { catalog, listTags } from './tags.ts'
import { beginUpload, cancelUpload, finishUploadBy, patchUpload, uploadStatus } from './uploads.ts'

interface Route {
  readonly handler: Handler
  /** What it needs in the repository. */
  readonly action: 'pull' | 'push' | 'delete'
}

type Methods = Readonly<Record<string, Route>>

const pull = (handler: Handler): Route => ({ handler, action: 'pull' })
const push = (handler: Handler): Route => ({ handler, action: 'push' })
const remove = (handler: Handler): Route => ({ handler, action: 'delete' })

/** What stands behind `/v2/<name>/`, by its first word; an id, a tag or a digest follows. */
const routes: readonly { readonly pattern: RegExp; readonly methods: Methods }[] = [
  { pattern: /^\/v2\/(.+)\/blobs\/uploads\/?()$/, methods: { POST: push(beginUpload) } },
  {
    pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: { GET: push(uploadStatus), PATCH: push(patchUpload), PUT: push(finishUploadBy), DELETE: push(cancelUpload) },
  },
  { pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/, methods: { GET: pull(getBlob), HEAD: pull(getBlob), DELETE: remove(removeBlob) } },
  {
    pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: { GET: pull(getManifest), HEAD: pull(getManifest), PUT: push(putManifestByName), DELETE: remove(removeManifest) },
  },
  { pattern: /^\/v2\/(.+)\/tags\/list()$/, methods: { GET: pull(listTags) } },
  { pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/, methods: { GET: pull(listReferrers) } },
]

/** What the specification calls a request, for the table of what is supported: `PATCH /v2/<name>/blobs/uploads/<id>`. */
export function operationOf(method: string, target: string): string {
  const path = target.split('?', 1)[0] ?? ''
  const last = /\/(uploads|blobs|manifests|referrers)\/[^/]+$/.exec(path)
  const words: Readonly<Record<string, string>> = { uploads: 'id', blobs: 'digest', manifests: 'reference', referrers: 'digest' }
  const whole = last === null ? path : `${path.slice(0, last.index)}/${last[1]}/<${words[last[1] ?? '']}>`
  return `${method} ${whole.replace(/^\/v2\/(?!_catalog$).+?\/(?=(?:blobs|manifests|tags|referrers)\/)/, '/v2/<name>/')}`
}

export interface Found extends Route {
  readonly name: string
  readonly last: string
}

/** Finds who answers. Throws `not found`, `not implemented` (another method), `invalid` (name). */
export function findRoute(method: string, path: string): Found {
  if (path === '/v2/_catalog' && method === 'GET') return { ...pull(catalog), name: '', last: '' }
  for (const { pattern, methods } of routes) {
    const [, name, last] = pattern.exec(path) ?? []
    if (name === undefined || last === undefined) continue
    const route = Object.hasOwn(methods, method) ? methods[method] : undefined
    if (route === undefined) throw new GalleyError('not implemented', `${method} is not supported here`, { subject: path.slice(0, 300) })
    return { ...route, name: parseName(name), last }
  }
  throw new GalleyError('not found', 'page not found', { subject: path.slice(0, 300) })
}
