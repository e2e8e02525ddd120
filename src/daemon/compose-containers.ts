import { readFileSync } from 'node:fs'
import { GalleyError, reasonOf } from '#base/error.ts'
import type { BareHook } from '#compose/model/model.ts'
import type { PlacedFile } from '#compose/plan/files.ts'
import { padding, tarEnd, tarHeader, type Member } from '#content/layers/header.ts'
import { copyIn } from '#engine/containers/copy.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { runInside } from '#engine/health/probe.ts'

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

function contentOf({ from, content = '' }: PlacedFile): Buffer {
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

/** Milliseconds that a hook may take. */
const patience = 600_000

/** Runs a hook in a running container, as its user and in its environment unless the hook says otherwise. */
export async function runHook(engine: Engine, container: Container, hook: BareHook): Promise<{ exitCode: number; output: string }> {
  const { command, user = '', workingDir = '', privileged = false, environment } = hook
  return await runInside(engine, container, {
    command,
    timeout: patience,
    user,
    workingDir,
    privileged,
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  })
}
