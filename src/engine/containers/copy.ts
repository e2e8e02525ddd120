import { constants, fstatSync, lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { decompressed } from '#content/layers/decompress.ts'
import { extractInto } from '#content/layers/extract.ts'
import { packDirectory, packEntry } from '#content/layers/pack.ts'
import type { TarEntry } from '#content/layers/tar-fields.ts'
import type { TreeRules } from '#content/layers/tree-writer.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { O_PATH, openDirectoryInRoot, openInRoot } from '#host/files/open-in-root.ts'
import { resolveLinks } from '#host/files/resolve.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import { withFileSystem } from './file-system.ts'
import type { Container } from './model.ts'
import { resolveUser } from './user.ts'

/** What a path in a container leads to. Paths are bytes as latin1. */
export interface PathStat {
  /** Its last part. */
  readonly name: string
  readonly stat: Stats
  /** For a link, the absolute path in the container that it leads to in the end; else empty. */
  readonly linkTarget: string
}

const { O_NOFOLLOW } = constants

/** What `path` is, as the container sees it; a last part that is a link is not followed. Throws `not found`. */
export function statPath(engine: Engine, container: Container, path: string): Promise<PathStat> {
  return withFileSystem(engine, container, { mounts: true, files: true }, async (root) => statIn(root, container, path))
}

/** `docker cp` out: hands `send` the file or tree at `path` as a tar, names starting with the path's last part. Throws `not found`. */
export async function copyOut(
  engine: Engine,
  container: Container,
  path: string,
  send: (stat: PathStat, archive: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  await withFileSystem(engine, container, { mounts: true, files: true }, async (root) => {
    const found = statIn(root, container, path)
    const as = /(?:^|\/)\.\/*$/.test(path) ? '.' : found.name
    if (!found.stat.isDirectory()) {
      using parent = openDirectoryInRoot(root, parentOf(path))
      await send(found, packEntry(parent, found.name, as))
      return
    }
    using directory = openDirectoryInRoot(root, path)
    await send(found, packDirectory(directory, as))
  })
  engine.events.emit('container', 'archive-path', container.id, { ...eventAttributes(container), path })
}

export interface CopyInWishes {
  /** Refuses to put a file in a directory's place and the other way round. */
  readonly keepKinds: boolean
  /** Gives what is copied to the user that the container runs as, when it names one, in place of the archive's owners. */
  readonly toUser: boolean
}

/**
 * `docker cp` in: unpacks an archive (plain, gzip or zstd) into the directory at `path`, as the container sees it. Throws
 * `not found`, `invalid`, and `forbidden` where the container may not write.
 */
export async function copyIn(
  engine: Engine,
  container: Container,
  archive: { readonly path: string; readonly body: AsyncIterable<Uint8Array> },
  wishes: CopyInWishes,
): Promise<void> {
  const { path, body } = archive
  await withFileSystem(engine, container, { mounts: true }, async (root) => {
    statIn(root, container, path)
    if (!statIn(root, container, `${path}/.`).stat.isDirectory()) throw notDirectory()
    const { config, hostConfig } = container
    // Also where the archive is empty, or leads there through a link.
    if (hostConfig.ReadonlyRootfs) checkWritable(root, path)
    const owner = wishes.toUser && config.User !== '' ? resolveUser(root.path('').toString(), config.User, []) : undefined
    const rules = new CopyRules({ base: path, keepKinds: wishes.keepKinds, owner })
    try {
      await extractInto(await decompressed(body), { root, base: path, rules })
    } catch (error) {
      throw error instanceof GalleyError && error.code === 'disk.read-only' ? readOnly(root, path) : error
    }
  })
  engine.events.emit('container', 'extract-to-dir', container.id, { ...eventAttributes(container), path })
}

class CopyRules implements TreeRules {
  readonly changesRoot = false
  readonly owner: TreeRules['owner']
  readonly #base: string
  readonly #keepKinds: boolean

  constructor({ base, keepKinds, owner }: { readonly base: string; readonly keepKinds: boolean; readonly owner: TreeRules['owner'] }) {
    this.#base = base
    this.#keepKinds = keepKinds
    this.owner = owner
  }

  replaces(entry: TarEntry, directory: OpenDirectory, name: string): void {
    if (!this.#keepKinds) return
    const wasDirectory = lstatSync(directory.path(name)).isDirectory()
    const isDirectory = entry.type === 'directory'
    if (wasDirectory === isDirectory) return
    const word = (yes: boolean): string => (yes ? 'directory' : 'non-directory')
    const at = text(`${this.#base}/${entry.path}`.replaceAll(/\/+/g, '/'))
    throw new GalleyError('invalid', `cannot overwrite ${word(wasDirectory)} "${at}" with ${word(isDirectory)} "${at}"`, { subject: at })
  }
}

function statIn(root: OpenDirectory, container: Container, path: string): PathStat {
  try {
    using place = openInRoot(root, path, O_PATH | O_NOFOLLOW)
    const stat = fstatSync(place.fd)
    return { name: nameOf(path), stat, linkTarget: stat.isSymbolicLink() ? resolveLinks(path, (at) => linkAt(root, at)) : '' }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') throw notDirectory()
    if (code !== 'ENOENT') throw error
    const message = `Could not find the file ${text(path)} in container ${container.name}`
    throw new GalleyError('not found', message, { code: 'container.no-file', subject: text(path), cause: error })
  }
}

function linkAt(root: OpenDirectory, path: string): string | undefined {
  try {
    using parent = openDirectoryInRoot(root, parentOf(path))
    return readlinkSync(parent.path(nameOf(path)), 'latin1')
  } catch {
    return undefined
  }
}

/** A mount of the container's own says so of itself. */
function readOnly(root: OpenDirectory, path: string): GalleyError {
  using directory = openDirectoryInRoot(root, path)
  const isRoot = mountOf(directory) === mountOf(root)
  return new GalleyError('forbidden', isRoot ? 'container rootfs is marked read-only' : 'mounted volume is marked read-only', {
    code: 'container.read-only',
    subject: text(path),
  })
}

function checkWritable(root: OpenDirectory, path: string): void {
  using directory = openDirectoryInRoot(root, path)
  if (mountOf(directory) === mountOf(root)) throw readOnly(root, path)
}

function mountOf({ fd }: OpenDirectory): string | undefined {
  return /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
}

function notDirectory(): GalleyError {
  return new GalleyError('invalid', 'extraction point is not a directory', { code: 'container.not-directory' })
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '')
}

function parentOf(path: string): string {
  return parts(path).slice(0, -1).join('/')
}

function nameOf(path: string): string {
  return parts(path).at(-1) ?? '/'
}

function text(path: string): string {
  return Buffer.from(path, 'latin1').toString()
}
