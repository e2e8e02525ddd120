import type { Digest } from '#base/digest.ts'
import type { ImageReference } from '#base/image-reference.ts'
import { familiarReference } from '#base/image-reference.ts'
import { changesOf } from '#content/layers/changes.ts'
import { packLayer } from '#content/layers/pack.ts'
import { commitImage } from '#engine/images/import.ts'
import type { Images } from '#engine/images/images.ts'
import type { RunConfig } from '#engine/images/model.ts'
import { thaw } from '#host/cgroup/freezer.ts'
import { groupOf } from './cgroup.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import { overlayOf } from './file-system.ts'
import type { Container } from './model.ts'
import { standStill } from './pause.ts'

export interface CommitWishes {
  readonly reference: ImageReference | undefined
  readonly author: string
  readonly comment: string
  /** Has the last word on the configuration; may throw. */
  readonly change: (config: RunConfig) => RunConfig
  /** Fields that take the place of the container's own. */
  readonly config: RunConfig
  /** Whether a running container stands still meanwhile. */
  readonly pause: boolean
}

/** `docker commit`: an image of the container's own changes on top of its image. Resolves with its id. Throws `invalid`, `conflict`. */
export async function commit(engine: Engine, images: Images, container: Container, wishes: CommitWishes): Promise<Digest> {
  const { pause, config, change, ...options } = wishes
  const changed = change({ ...imageFields(container.config), ...imageFields(config) })
  const standsStill = pause && container.state.status === 'running' && (await standStill(engine, container))
  try {
    const image = await commitImage(images, images.resolve(container.image), layerOf(engine, container), {
      ...options,
      config: changed,
      createdBy: [container.path, ...container.args].join(' '),
    })
    engine.events.emit('container', 'commit', container.id, {
      ...eventAttributes(container),
      comment: options.comment,
      imageID: image.id,
      imageRef: options.reference === undefined ? '' : familiarReference(options.reference),
    })
    return image.id
  } finally {
    // Somebody may have paused it meanwhile.
    if (standsStill && container.state.status !== 'paused') thaw(groupOf(engine, container))
  }
}

/** The changes as a layer; undefined when there are none. */
function layerOf(engine: Engine, container: Container): AsyncIterable<Uint8Array> | undefined {
  const overlay = overlayOf(engine, container)
  const paths = new Set(overlay && changesOf(overlay).map(({ path }) => path))
  return overlay === undefined || paths.size === 0 ? undefined : packLayer(overlay.upper, { includes: (path) => paths.has(path) })
}

const inherited = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'Healthcheck',
  'OnBuild',
  'Shell',
] as const satisfies readonly (keyof RunConfig)[]

/** The part of a container's configuration that belongs to an image; what is empty leaves the other's value. */
function imageFields(config: object): RunConfig {
  const fields = config as RunConfig
  return Object.fromEntries(inherited.filter((name) => isGiven(fields[name])).map((name) => [name, fields[name]]))
}

function isGiven(value: unknown): boolean {
  return value != null && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0)
}
