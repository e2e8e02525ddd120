import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync, type BigIntStats } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { Branch } from '#content/layers/pack.ts'
import type { OpenCall } from '../grpc/caller.ts'
import { packet, type stat } from '../messages/session.ts'
import { decode, encode, type Given } from '../wire/message.ts'
import { goMode, kindOfMode } from './file-mode.ts'

type Stat = Given<typeof stat>

const kinds = { stat: 0, request: 1, data: 2, end: 3, error: 4 } as const
const { O_NOFOLLOW, O_RDONLY } = constants
const largest = 1 << 17

/** Sends directories: what there is, then the content that the client asks for (packets of the fsutil package). */
export async function sendBranches(call: OpenCall, branches: readonly Branch[]): Promise<void> {
  const files = new Map<number, string>()
  let count = 0
  for (const { path, entry } of inBranches(branches)) {
    if (kindOfMode(entry.mode ?? 0) === 'file') files.set(count, path)
    count++
    await send(call, { type: kinds.stat, stat: entry })
  }
  await send(call, { type: kinds.stat })
  for await (const bytes of call.received) {
    const { type, id, data } = decode(packet, bytes)
    if (type === kinds.error) throw new GalleyError('invalid', `error from receiver: ${data.toString()}`)
    if (type === kinds.request) await sendContent(call, id, files.get(id) ?? '')
    else if (type === kinds.end) {
      await send(call, { type: kinds.end })
      call.finish()
    }
  }
}

/** What there is, with its path here. Branches come in the order of their names, as everything does. */
function* inBranches(branches: readonly Branch[]): Generator<{ path: string; entry: Stat }> {
  for (const { name, directory } of branches.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (name !== '') yield { path: directory, entry: entryOf(name, lstatSync(directory, { bigint: true }), '') }
    for (const { path, entry } of walk(directory, ''))
      yield { path: `${directory}/${path}`, entry: name === '' ? entry : { ...entry, path: `${name}/${path}` } }
  }
}

/** Directories before what is in them, names in the order of their bytes, as the client checks. */
function* walk(root: string, below: string): Generator<{ path: string; entry: Stat }> {
  const names = readdirSync(`${root}/${below}`).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  for (const name of names) {
    const path = below === '' ? name : `${below}/${name}`
    const stats = lstatSync(`${root}/${path}`, { bigint: true })
    if (stats.isSocket()) continue
    yield { path, entry: entryOf(path, stats, stats.isSymbolicLink() ? readlinkSync(`${root}/${path}`) : '') }
    if (stats.isDirectory()) yield* walk(root, path)
  }
}

function entryOf(path: string, stats: BigIntStats, link: string): Stat {
  return {
    path,
    mode: goMode({ mode: Number(stats.mode) }),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: stats.isFile() ? Number(stats.size) : 0,
    modified: stats.mtimeNs,
    link,
  }
}

async function sendContent(call: OpenCall, id: number, path: string): Promise<void> {
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW)
  try {
    for (;;) {
      const data = Buffer.allocUnsafe(largest)
      const length = readSync(fd, data)
      await send(call, { type: kinds.data, id, data: data.subarray(0, length) })
      if (length === 0) return
    }
  } finally {
    closeSync(fd)
  }
}

async function send(call: OpenCall, given: Given<typeof packet>): Promise<void> {
  if (!call.send(encode(packet, given))) await call.drained()
}
