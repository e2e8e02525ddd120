import { sizeBelow } from '#host/files/size.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/** What a container takes on disk, in bytes. */
export interface ContainerUsage {
  /** Its own layer. */
  readonly own: number
  /** With its image's. */
  readonly total: number
}

export async function containerUsage(engine: Engine, { id, image }: Container): Promise<ContainerUsage> {
  const own = await sizeBelow(`${engine.data}/containers/${id}/upper`)
  return { own, total: own + engine.images.size(image) }
}
