import { createHash } from 'node:crypto'
import { createWriteStream, utimesSync } from 'node:fs'
import { posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { GalleyError } from '#base/error.ts'
import type { Incoming } from '#content/remote/transport.ts'
import { DiskTree } from '../context/disk-tree.ts'
import type { Selected } from '../context/select.ts'
import type { Stage } from './stage.ts'

/** Milliseconds in which a server must be reached. */
const patience = 30_000
const mostRedirects = 10

/** Brings a file from an address (`ADD https://…`), readable by root alone, as old as its server says. Throws `not found`, `invalid`, `unavailable`. */
export async function download(stage: Stage, address: string, checksum: string | undefined): Promise<Selected> {
  const { workspace, signal } = stage.solver
  const root = workspace.fresh()
  const { url, body, headers } = await get(stage, new URL(address))
  const name = decodeURIComponent(posix.basename(url.pathname)) || 'index.html'
  if (/^\.{1,2}$|\//.test(name)) throw new GalleyError('invalid', `cannot determine filename from url: ${address}`, { subject: address })
  const hash = createHash('sha256')
  const file = createWriteStream(`${root}/file`, { flags: 'wx', mode: 0o600 })
  body.on('data', (chunk: Buffer) => hash.update(chunk))
  await pipeline(body, file, { signal })
  const digest = hash.digest('hex')
  if (checksum !== undefined && checksum !== `sha256:${digest}`) {
    throw new GalleyError('invalid', `digest mismatch sha256:${digest}: ${checksum}`, { code: 'build.checksum', subject: address })
  }
  const time = Date.parse(headers['last-modified'] ?? '')
  utimesSync(`${root}/file`, 0, Number.isNaN(time) ? 0 : time / 1000)
  const tree = new DiskTree(root, { owners: false, digests: new Map([['file', digest]]) })
  return { tree, path: 'file', name, isDirectory: false }
}

async function get(stage: Stage, start: URL): Promise<Incoming> {
  const { builder, signal } = stage.solver
  let url = start
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const answer = await builder.transport.send({ method: 'GET', url, headers: { 'user-agent': 'galley' }, signal, patience }, false)
    const { location } = answer.headers
    if (answer.status === 200) return { ...answer, url: start.pathname.endsWith('/') ? url : start }
    answer.body.destroy()
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) {
      throw new GalleyError('not found', `ADD failed: failed to GET ${start.href} with status ${answer.status}`, { subject: start.href })
    }
    url = new URL(location, url)
    if (!['http:', 'https:'].includes(url.protocol)) break
  }
  throw new GalleyError('unavailable', `ADD failed: ${start.href} redirects too often`, { subject: start.href })
}
