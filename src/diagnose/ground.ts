import { closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import type { Mount, Service } from '#compose/model/model.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { RunConfig } from '#engine/images/model.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { deleteNow } from '#host/files/discard.ts'
import { openInRoot } from '#host/files/open-in-root.ts'
import { openView, type View } from '#host/overlay/view.ts'

/** The file system that a service's program starts in: its image, and over it what the service mounts. */
export interface Ground {
  /** What the image is called. */
  readonly image: string
  readonly config: RunConfig
  /** What stands at an absolute path, links followed inside; undefined for nothing, `unknown` where a volume may hide it. */
  look(path: string): Standing | 'unknown' | undefined
  /** What the image itself has there, whatever is mounted over it. */
  under(path: string): Standing | undefined
}

export interface Standing {
  readonly kind: 'file' | 'directory' | 'other'
  readonly executable: boolean
  /** Its first bytes, at most 4096. */
  readonly head: Buffer
}

interface Opened {
  readonly ground: Ground
  readonly view: View
  readonly directory: string
}

/** Opens the grounds of services, each once, until it is disposed. Nothing of them shows on the host. */
export class Grounds implements Disposable {
  readonly #engine: Pick<Engine, 'images' | 'data'>
  readonly #open = new Map<string, Opened | undefined>()

  constructor(engine: Pick<Engine, 'images' | 'data'>) {
    this.#engine = engine
  }

  /** The ground of a service with this image, its own when not given; undefined when the image isn't here. */
  readonly of = (service: Service, image: string = service.image): Ground | undefined => {
    const key = `${service.name} ${image}`
    if (!this.#open.has(key)) this.#open.set(key, this.#opened(service, image))
    return this.#open.get(key)?.ground
  }

  #opened(service: Service, image: string): Opened | undefined {
    const found = imageOf(this.#engine, image)
    if (found === undefined) return undefined
    const directory = `${this.#engine.data}/trash/ground-${process.pid}-${counter++}`
    const view = opened({ lower: found.layers, directory })
    if (view === undefined) return undefined
    const under = (path: string): Standing | undefined => lookBelow(view.root, path)
    const ground: Ground = {
      image: service.image,
      config: configOf(service, found.config),
      under,
      look: (path) => {
        const mount = mountOver(service.mounts, path)
        return mount === undefined ? under(path) : lookThrough(mount, path)
      },
    }
    return { ground, view, directory }
  }

  [Symbol.dispose](): void {
    for (const opened of this.#open.values()) {
      opened?.view[Symbol.dispose]()
      if (opened !== undefined) deleteNow(opened.directory)
    }
    this.#open.clear()
  }
}

let counter = 0

/** Undefined where it can't be opened, as on a full disk: what goes wrong is told without it then. */
function opened({ lower, directory }: { readonly lower: readonly string[]; readonly directory: string }): View | undefined {
  try {
    return openView({ lower, directory, readOnly: false, binds: [] })
  } catch {
    deleteNow(directory)
    return undefined
  }
}

/** What the service says of it counts. */
function configOf({ workingDir, environment }: Service, config: RunConfig): RunConfig {
  const path = environment['PATH']?.value
  return {
    ...config,
    ...(workingDir !== undefined && { WorkingDir: workingDir }),
    ...(path !== undefined && { Env: [...(config.Env ?? []), `PATH=${path}`] }),
  }
}

function imageOf({ images }: Pick<Engine, 'images'>, name: string): ReturnType<Engine['images']['resolve']> | undefined {
  try {
    return images.resolve(name)
  } catch {
    return undefined
  }
}

/** The mount that a path is on: the one nearest to it. */
export function mountOver(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts
    .filter(({ target }) => path === target || path.startsWith(`${target.replace(/\/$/, '')}/`))
    .toSorted((a, b) => b.target.length - a.target.length)[0]
}

/** What a bind holds is on the host; of what else may be mounted nothing is known before it runs. */
function lookThrough({ type, source, target }: Mount, path: string): Standing | 'unknown' | undefined {
  if (type !== 'bind') return 'unknown'
  const rest = path.slice(target.length)
  try {
    if (!statSync(source).isDirectory()) return rest === '' ? standingAt(source) : undefined
    using root = OpenDirectory.at(source)
    return lookBelow(root, rest)
  } catch {
    return undefined
  }
}

/** What stands at a path below a root, links followed inside; undefined for nothing. */
export function lookBelow(root: OpenDirectory, path: string): Standing | undefined {
  try {
    using place = openInRoot(root, path.replace(/^\/+/, ''))
    return standingAt(place.path)
  } catch {
    return undefined
  }
}

function standingAt(path: string): Standing {
  const stat = statSync(path)
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other'
  return { kind, executable: (stat.mode & 0o111) !== 0, head: kind === 'file' ? headOf(path) : Buffer.alloc(0) }
}

/** The first bytes of a file, at most 4096. */
export function headOf(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    const bytes = Buffer.alloc(4096)
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(fd)
  }
}
