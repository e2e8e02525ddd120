import { readFileSync } from 'node:fs'
import { GalleyError, reasonOf } from '#base/error.ts'
import type { PlacedFile } from '#compose/plan/files.ts'
import { padding, tarEnd, tarHeader, type Member } from '#content/layers/header.ts'
import { copyIn } from '#engine/containers/copy.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'

/** Puts secrets and configs into a container; directories that are missing on the way are made. */
export async function placeFiles(engine: Engine, container: Container, files: readonly PlacedFile[]): Promise<void> {
  if (files.length === 0) return
  await copyIn(engine, container, { path: '/', body: archiveOf(files) }, { keepKinds: false, toUser: false })
}

/** One file after the other, so that no more than one is in memory twice. */
async function* archiveOf(files: readonly PlacedFile[]): AsyncGenerator<Buffer> {
  for (const file of files) {
    const content = contentOf(file)
    yield Buffer.concat([tarHeader(memberOf(file, content.length)), content, padding(content.length)])
  }
  yield tarEnd
}

/** What a secret or config holds. Throws `not found` for a file that can't be read. */
export function contentOf({ from, content = '' }: Pick<PlacedFile, 'from' | 'content'>): Buffer {
  if (from === undefined) return Buffer.from(content)
  try {
    return readFileSync(from)
  } catch (cause) {
    throw new GalleyError('not found', `${from} can't be read: ${reasonOf(cause)}`, { subject: from, cause })
  }
}

function memberOf({ path, uid, gid, mode }: PlacedFile, size: number): Member {
  return {
    type: 'file',
    path: Buffer.from(path.slice(1)).toString('latin1'),
    target: '',
    mode,
    uid,
    gid,
    size,
    mtime: 0,
    major: 0,
    minor: 0,
  }
}
