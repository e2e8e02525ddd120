import { familiarReference, parseImageReference } from '#base/image-reference.ts'
import type { Images } from './images.ts'

export interface HistoryLine {
  /** The image's own id for the newest line; `<missing>` below it, as only whole images have ids. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly created: number
  readonly createdBy: string
  readonly comment: string
  readonly tags: readonly string[]
  /** Bytes, unpacked. */
  readonly size: number
}

/** How an image came to be, newest step first. Throws `not found`. */
export async function historyOf(images: Images, nameOrId: string): Promise<readonly HistoryLine[]> {
  const image = images.resolve(nameOrId)
  const layers = [...image.layers]
  const lines: HistoryLine[] = []
  for (const { created, created_by = '', comment = '', empty_layer = false } of image.config.history ?? []) {
    const layer = empty_layer ? undefined : layers.shift()
    const time = Date.parse(created ?? '')
    const size = layer === undefined ? 0 : await images.content.layers.size(layer)
    lines.unshift({ id: '<missing>', created: Number.isNaN(time) ? 0 : time, createdBy: created_by, comment, tags: [], size })
  }
  const tags = image.references
    .map(parseImageReference)
    .filter(({ digest }) => digest === undefined)
    .map(familiarReference)
  return lines.map((line, index) => (index === 0 ? { ...line, id: image.id, tags } : line))
}
