import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { GalleyError, reasonOf } from '#base/error.ts'
import { deleteTree } from '#host/files/discard.ts'
import { makeNode, setAttribute } from '#host/files/special.ts'
import { kindOfMode, permissionsOf } from './file-mode.ts'
import type { FileSink, FileSource, Stat } from '../client.ts'
import type { ContextLease, KeptEntry } from './kept-contexts.ts'

const { O_CREAT, O_EXCL, O_WRONLY } = constants

type Entries = Map<string, KeptEntry>

/**
 * Brings a kept directory to what the client has, and resolves with what is known of its entries; `onBytes` is told how much has
 * come. Files that changed are replaced and never written into, as layers may share them. Nobody else changes the directory, and
 * every path was checked to lie in directories that came before it: so they can be joined.
 */
export async function sync(
  files: FileSource,
  lease: ContextLease,
  onBytes: (count: number) => void,
): Promise<ReadonlyMap<string, KeptEntry>> {
  const stats = await files.stats()
  const byPath = new Map(stats.map((stat) => [stat.path, stat]))
  if (byPath.size !== stats.length) throw new GalleyError('invalid', 'the client sent a path twice', { code: 'context.path' })
  if (isUnchanged(lease, stats)) {
    files.finish()
    return lease.entries
  }
  if (lease.entries.size === 0) await empty(lease.tree)
  lease.changing()
  removeOld(lease, byPath)
  const entries: Entries = new Map()
  using open = new OpenFiles()
  await files.receive(renew(lease, stats, { entries, open, onData: () => onBytes(files.received) }))
  for (const stat of stats.toReversed()) if (isDirectory(stat)) utimesSync(`${lease.tree}/${stat.path}`, ...timesOf(stat))
  files.finish()
  lease.changed(entries)
  return entries
}

function isUnchanged({ entries }: ContextLease, stats: readonly Stat[]): boolean {
  if (entries.size === 0 || entries.size !== stats.length) return false
  return stats.every((stat) => {
    const before = entries.get(stat.path)
    return before !== undefined && isSame(before, stat)
  })
}

async function empty(tree: string): Promise<void> {
  for (const name of readdirSync(tree)) await deleteTree(`${tree}/${name}`)
}

/** Entries come in the order of a walk: backwards, directories are empty when their turn comes. */
function removeOld({ tree, entries }: ContextLease, now: ReadonlyMap<string, Stat>): void {
  for (const [path, before] of [...entries].toReversed()) {
    const stat = now.get(path)
    if (kindOfMode(before.mode) === 'directory') {
      if (stat === undefined || !isDirectory(stat)) rmdirSync(`${tree}/${path}`)
    } else if (stat === undefined || !isSame(before, stat)) unlinkSync(`${tree}/${path}`)
  }
}

interface Renewal {
  readonly entries: Entries
  readonly open: OpenFiles
  readonly onData: () => void
}

/** Files whose content is coming: a client that goes away leaves up to a whole window of them. */
class OpenFiles implements Disposable {
  readonly #fds = new Set<number>()

  make(path: string): number {
    const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    this.#fds.add(fd)
    return fd
  }

  close(fd: number): void {
    this.#fds.delete(fd)
    closeSync(fd)
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) this.close(fd)
  }
}

/** Makes what is new or changed, and yields the files whose content must come. */
function* renew(
  { tree, entries: before }: ContextLease,
  stats: readonly Stat[],
  { entries, open, onData }: Renewal,
): Generator<readonly [number, () => FileSink]> {
  for (const [id, stat] of stats.entries()) {
    const path = `${tree}/${stat.path}`
    const known = before.get(stat.path)
    const kind = kindOfMode(stat.mode)
    if (kind === 'socket') continue
    if (known !== undefined && isSame(known, stat)) {
      entries.set(stat.path, known)
      continue
    }
    entries.set(stat.path, entryOf(stat, ''))
    const done = (digest: string, size: number): void => void entries.set(stat.path, arrived(stat, digest, size))
    if (kind === 'file') yield [id, () => making(stat, () => fileSink(path, stat, { open, onData, done }))]
    else if (kind === 'directory') making(stat, () => makeDirectory(path, stat, known !== undefined && isDirectory(known)))
    else making(stat, () => makeSpecial(path, stat, kind))
  }
}

/** What the system has against an entry, such as its name, is the context's fault; want of room is not. */
function making<T>({ path }: Stat, make: () => T): T {
  try {
    return make()
  } catch (error) {
    const { code = '', syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined || ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE'].includes(code)) throw error
    throw new GalleyError('invalid', `the build context's ${path} can't be made: ${reasonOf(error)}`, {
      code: 'context.entry',
      subject: path,
      cause: error,
    })
  }
}

function makeDirectory(path: string, { mode }: Stat, there: boolean): void {
  if (!there) mkdirSync(path)
  chmodSync(path, permissionsOf(mode))
}

function makeSpecial(path: string, stat: Stat, kind: string): void {
  if (kind === 'symlink') {
    symlinkSync(stat.link, path)
    lutimesSync(path, ...timesOf(stat))
  } else if (kind === 'fifo') {
    makeNode(path, 'fifo')
    chmodSync(path, permissionsOf(stat.mode))
  } else {
    throw new GalleyError('not implemented', `the build context holds a device, which Galley does not take: ${stat.path}`, {
      code: 'context.device',
      subject: stat.path,
    })
  }
}

function fileSink(
  path: string,
  stat: Stat,
  { open, onData, done }: Omit<Renewal, 'entries'> & { readonly done: (digest: string, size: number) => void },
): FileSink {
  const fd = open.make(path)
  const hash = createHash('sha256')
  let size = 0
  return {
    write(chunk) {
      hash.update(chunk)
      size += chunk.length
      for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at)
      onData()
    },
    end() {
      for (const [name, value] of stat.attributes) setAttribute(path, name, value)
      fchmodSync(fd, permissionsOf(stat.mode))
      futimesSync(fd, ...timesOf(stat))
      open.close(fd)
      done(hash.digest('hex'), size)
    },
  }
}

const isDirectory = ({ mode }: Pick<Stat, 'mode'>): boolean => kindOfMode(mode) === 'directory'

/** Of a directory, size and time say nothing: what is in it counts by itself. */
function isSame(before: KeptEntry, stat: Stat): boolean {
  if (before.mode !== stat.mode) return false
  return isDirectory(stat) || (before.size === stat.size && before.modified === String(stat.modified) && before.link === stat.link)
}

function entryOf({ mode, size, modified, link }: Stat, digest: string): KeptEntry {
  return { mode, size, modified: String(modified), link, digest }
}

/** One that the client could not read, or that changed meanwhile, is like nothing that comes next time. */
function arrived(stat: Stat, digest: string, size: number): KeptEntry {
  return { ...entryOf(stat, digest), ...(size !== stat.size && { modified: 'incomplete' }) }
}

function timesOf({ modified }: Stat): [number, number] {
  const seconds = Number(BigInt.asIntN(64, modified)) / 1e9
  return [seconds, seconds]
}
