import { constants, existsSync, openSync, readSync, closeSync, statSync } from 'node:fs'
import type { Mount, Service } from '#compose/model/model.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { RunConfig } from '#engine/images/model.ts'
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
}

export interface Standing {
  readonly kind: 'file' | 'directory' | 'other'
  readonly executable: boolean
  /** Its first bytes, at most 4096. */
  readonly head: Buffer
}

/** Opens the grounds of services, each once, until it is disposed. Nothing of them shows on the host. */
export class Grounds implements Disposable {
  readonly #engine: Pick<Engine, 'images' | 'data'>
  readonly #open = new Map<string, { readonly ground: Ground; readonly view: View; readonly directory: string }>()

  constructor(engine: Pick<Engine, 'images' | 'data'>) {
    this.#engine = engine
  }

  /** The ground of a service with this image, its own when not given; undefined when the image isn't here. */
  readonly of = (service: Service, image: string = service.image): Ground | undefined => {
    const key = `${service.name} ${image}`
    const known = this.#open.get(key) ?? this.#opened(service, image)
    if (known !== undefined) this.#open.set(key, known)
    return known?.ground
  }

  #opened(service: Service, image: string): { ground: Ground; view: View; directory: string } | undefined {
    const found = imageOf(this.#engine, image)
    if (found === undefined) return undefined
    const directory = `${this.#engine.data}/trash/ground-${process.pid}-${counter++}`
    const binds = service.mounts.filter(({ type, source }) => type === 'bind' && existsSync(source))
    const view = openView({
      lower: found.layers,
      directory,
      readOnly: false,
      binds: binds.map(({ source, target }) => ({ source, destination: target, subpath: undefined, readOnly: true, fill: false })),
    })
    return {
      ground: { image: service.image, config: configOf(service, found.config), look: (path) => lookInto(view, service.mounts, path) },
      view,
      directory,
    }
  }

  [Symbol.dispose](): void {
    for (const { view, directory } of this.#open.values()) {
      view[Symbol.dispose]()
      deleteNow(directory)
    }
    this.#open.clear()
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

let counter = 0

function imageOf({ images }: Pick<Engine, 'images'>, name: string): ReturnType<Engine['images']['resolve']> | undefined {
  try {
    return images.resolve(name)
  } catch {
    return undefined
  }
}

function lookInto(view: View, mounts: readonly Mount[], path: string): Standing | 'unknown' | undefined {
  if (mounts.some(({ type, target }) => type !== 'bind' && (path === target || path.startsWith(`${target}/`)))) return 'unknown'
  try {
    using place = openInRoot(view.root, path.replace(/^\/+/, ''))
    const stat = statSync(place.path)
    const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other'
    return { kind, executable: (stat.mode & 0o111) !== 0, head: kind === 'file' ? headOf(place.path) : Buffer.alloc(0) }
  } catch {
    return undefined
  }
}

function headOf(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    const bytes = Buffer.alloc(4096)
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(fd)
  }
}
