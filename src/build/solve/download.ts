import { createHash } from 'node:crypto'
import { createWriteStream, utimesSync } from 'node:fs'
import { posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { GalleyError } from '#base/error.ts'
import type { Incoming } from '#content/remote/transport.ts'
import { DiskTree } from '../context/disk-tree.ts'
import { get } from '../context/get.ts'
import type { Selected } from '../context/select.ts'
import type { Stage } from './stage.ts'

/** Brings a file from an address (`ADD https://…`), readable by root alone, as old as its server says. Throws `not found`, `invalid`, `unavailable`. */
export async function download(stage: Stage, address: string, checksum: string | undefined): Promise<Selected> {
  const { workspace, signal } = stage.solver
  const root = workspace.fresh()
  const { url, body, headers } = await answerOf(stage, new URL(address))
  // As BuildKit calls it.
  const name = decodeURIComponent(posix.basename(url.pathname)) || '__unnamed__'
  if (/^\.{1,2}$|\//.test(name)) throw new GalleyError('invalid', `cannot determine filename from url: ${address}`, { subject: address })
  const hash = createHash('sha256')
  const file = createWriteStream(`${root}/file`, { flags: 'wx', mode: 0o600 })
  body.on('data', (chunk: Buffer) => hash.update(chunk))
  await pipeline(body, file, { signal })
  const digest = hash.digest('hex')
  if (checksum !== undefined && checksum !== `sha256:${digest}`) {
    throw new GalleyError('invalid', `digest mismatch sha256:${digest}: ${checksum}`, { code: 'build.checksum', subject: address })
  }
  stage.solver.use({ kind: 'http', url: address, digest })
  const time = Date.parse(headers['last-modified'] ?? '')
  utimesSync(`${root}/file`, 0, Number.isNaN(time) ? 0 : time / 1000)
  const tree = new DiskTree(root, { owners: false, digests: new Map([['file', digest]]) })
  return { tree, path: 'file', name, isDirectory: false }
}

async function answerOf({ solver }: Stage, address: URL): Promise<Incoming> {
  try {
    return await get(solver.builder.transport, address, solver.signal)
  } catch (error) {
    if (!(error instanceof GalleyError) || error.code !== undefined) throw error
    throw new GalleyError(error.kind, `ADD failed: ${error.message}`, { subject: address.href, cause: error })
  }
}
