import { chmodSync, chownSync } from 'node:fs'
import { posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import type { MountRequest } from '#engine/containers/model.ts'
import { copyUp } from '#host/files/copy-up.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { digestTree, resolveInTree } from '../context/tree.ts'
import type { MountOptions } from '../dockerfile/model.ts'
import { fileOwner, isOn, noMount, targetIn, type MadeMount, type PreparedMount } from './mount-options.ts'
import { secretMount } from './secret-mount.ts'
import { sourceOf } from './source.ts'
import type { Stage } from './stage.ts'
import { sshMount } from './ssh-mount.ts'

type Kind = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh'

/** Reads what `RUN --mount` asks for (Dockerfile reference, RUN --mount). Throws `invalid`, `not found`. */
export async function prepareMounts(stage: Stage, mounts: readonly MountOptions[]): Promise<PreparedMount[]> {
  const prepared: PreparedMount[] = []
  for (const written of mounts) {
    const options = new Map([...written].map(([name, value]) => [aliases[name] ?? name, stage.word(value)]))
    const type = options.get('type') ?? 'bind'
    if (!Object.hasOwn(kinds, type)) throw unknownType(type)
    prepared.push(await kinds[type as Kind](stage, options, prepared.length))
  }
  return prepared
}

function unknownType(type: string): GalleyError {
  const meant = Object.keys(kinds).find((kind) => type !== '' && kind.startsWith(type)) ?? nearest(type, Object.keys(kinds))
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
  return new GalleyError('invalid', `unsupported mount type "${type}"${hint}`, { subject: type })
}

/**
 * Makes them, always in the same order, so that steps that wait for each other's caches can't wait in a circle. Disposing the
 * result lets the caches go.
 */
export async function makeMounts(mounts: readonly PreparedMount[]): Promise<Disposable & { readonly made: readonly MadeMount[] }> {
  using held = new DisposableStack()
  const made: MadeMount[] = []
  const order = (a: PreparedMount, b: PreparedMount): number => (JSON.stringify(a.identity) < JSON.stringify(b.identity) ? -1 : 1)
  for (const mount of mounts.toSorted(order)) {
    const one = await mount.make()
    held.defer(() => one.release())
    made.push(one)
  }
  const all = held.move()
  return { made, [Symbol.dispose]: () => all.dispose() }
}

const aliases: Readonly<Record<string, string>> = { dst: 'target', destination: 'target', src: 'source', ro: 'readonly', rw: 'readwrite' }

const kinds: Readonly<Record<Kind, (stage: Stage, options: MountOptions, number: number) => Promise<PreparedMount> | PreparedMount>> = {
  bind: bindMount,
  cache: cacheMount,
  tmpfs: tmpfsMount,
  secret: secretMount,
  ssh: sshMount,
}

/** Files of the context, a stage or an image. Writes are possible when asked for, and lost. */
async function bindMount(stage: Stage, options: MountOptions): Promise<PreparedMount> {
  const target = targetIn(stage.config, options.get('target'))
  const from = options.get('from')
  const { tree } = await (from === undefined || from === '' ? stage.solver.contexts.main() : sourceOf(stage, from))
  const path = resolveInTree(tree, options.get('source') ?? '/')
  const entry = tree.entry(path)
  if (entry === undefined) throw new GalleyError('not found', `failed to compute cache key: "/${path}" not found`, { subject: `/${path}` })
  const writable = isOn(options, 'readwrite') || options.get('readonly') === 'false'
  return {
    identity: ['bind', target, writable, digestTree(tree, path)],
    make: async () => {
      const isDirectory = entry.kind === 'directory'
      if (writable && !isDirectory)
        throw new GalleyError('not implemented', 'a writable bind mount of a single file is not implemented by Galley')
      const source = posix.join(await tree.files([path]), path)
      const shown = writable ? stage.solver.workspace.overlay(source) : source
      return {
        ...noMount,
        bind: { Type: 'bind', Source: shown, Target: target, ReadOnly: !writable },
        stub: { path: target, isDirectory },
      }
    },
  }
}

/** A directory that lasts from build to build, by its id; never part of a layer or a key. */
function cacheMount(stage: Stage, options: MountOptions): PreparedMount {
  const target = targetIn(stage.config, options.get('target'))
  const sharing = options.get('sharing') ?? 'shared'
  if (!['shared', 'private', 'locked'].includes(sharing)) throw new GalleyError('invalid', `unsupported sharing value "${sharing}"`)
  const id = stage.solver.settings.cacheNamespace + (options.get('id') ?? target)
  const from = options.get('from')
  const { caches } = stage.solver.builder
  return {
    identity: ['cache', target, id, from ?? ''],
    make: async () => {
      const lease = await caches.take(id, sharing as 'shared' | 'private' | 'locked', stage.solver.signal)
      if (lease.fresh) await fill(stage, options, lease.directory)
      const bind: MountRequest = { Type: 'bind', Source: lease.directory, Target: target, ReadOnly: isOn(options, 'readonly') }
      return { bind, stub: { path: target, isDirectory: true }, release: () => lease[Symbol.dispose]() }
    },
  }
}

/** A new cache starts with what `from` and `source` name, or empty. */
async function fill(stage: Stage, options: MountOptions, directory: string): Promise<void> {
  const from = options.get('from')
  if (from !== undefined && from !== '') {
    const { tree } = await sourceOf(stage, from)
    using root = OpenDirectory.at(await tree.files())
    copyUp(root, options.get('source') ?? '/', directory)
  }
  const { mode, uid, gid } = fileOwner(options, 0o755)
  chmodSync(directory, mode)
  chownSync(directory, uid, gid)
}

function tmpfsMount(stage: Stage, options: MountOptions): PreparedMount {
  const target = targetIn(stage.config, options.get('target'))
  const size = options.get('size')
  // Programs are built and run there: Docker's default for tmpfs of containers, noexec, does not hold for steps.
  const settings = ['exec', ...(size === undefined ? [] : [`size=${size}`])].join(',')
  return {
    identity: ['tmpfs', target, size ?? ''],
    make: async () => ({ ...noMount, tmpfs: [target, settings], stub: { path: target, isDirectory: true } }),
  }
}
