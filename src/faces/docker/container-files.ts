import { GalleyError } from '#base/error.ts'
import { parseImageReference, withDefaultTag, withTag, type ImageReference } from '#base/image-reference.ts'
import { changesOf } from '#content/layers/changes.ts'
import { applyChanges } from '#build/changes.ts'
import { commit } from '#engine/containers/commit.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { exportTree } from '#engine/containers/export.ts'
import { overlayOf } from '#engine/containers/file-system.ts'
import type { Container } from '#engine/containers/model.ts'
import type { Images } from '#engine/images/images.ts'
import type { RunConfig } from '#engine/images/model.ts'
import { commitBody } from './container-body.ts'
import { flag, readJson, sendJson, type Call, type Routes } from './route.ts'
import { sendArchive } from './send-archive.ts'
import { decodeBody } from './typed-body.ts'

/** Files of containers in the Engine API: changes, export, commit. */
export function containerFileRoutes(engine: Engine, images: Images) {
  const one = (call: Call): Container => engine.containers.get(call.params['id'] ?? '')
  return {
    'GET /containers/{id}/changes': (call) => sendJson(call, 200, changes(engine, one(call))),
    'GET /containers/{id}/export': (call) => exportTree(engine, one(call), (archive) => sendArchive(call, archive)),
    'POST /commit': (call) => commitOne(engine, images, call),
  } satisfies Routes
}

const kinds = { modified: 0, added: 1, deleted: 2 } as const

/** Null when nothing changed, as in Docker. */
function changes(engine: Engine, container: Container): object[] | null {
  const overlay = overlayOf(engine, container)
  const found = overlay === undefined ? [] : changesOf(overlay)
  return found.length === 0
    ? null
    : found.map(({ kind, path }) => ({ Path: `/${Buffer.from(path, 'latin1').toString()}`, Kind: kinds[kind] }))
}

async function commitOne(engine: Engine, images: Images, call: Call): Promise<void> {
  const { query } = call
  const config = decodeBody(await readJson(call), commitBody) as RunConfig
  const container = engine.containers.get(query.get('container') ?? '')
  const id = await commit(engine, images, container, {
    reference: referenceOf(query.get('repo') ?? '', query.get('tag') ?? ''),
    author: query.get('author') ?? '',
    comment: query.get('comment') ?? '',
    change: (config) => applyChanges(config, query.getAll('changes')),
    config,
    pause: flag(query, 'pause', true),
  })
  sendJson(call, 201, { Id: id })
}

function referenceOf(repo: string, tag: string): ImageReference | undefined {
  if (repo === '') return undefined
  const reference = parseImageReference(repo)
  if (reference.digest !== undefined) throw new GalleyError('invalid', 'refusing to create a tag with a digest reference')
  return tag === '' ? withDefaultTag(reference) : withTag(reference, tag)
}
