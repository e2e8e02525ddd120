import { createHash } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import { messageOf } from '#base/error.ts'
import type { Keyword } from '../dockerfile/model.ts'
import type { PlannedStage } from '../graph/plan.ts'
import type { OnProgress, Vertex } from '../progress.ts'

/** A vertex that has begun. */
export interface Begun extends Vertex {
  /** Set when nothing had to be done. */
  cached: boolean
}

/** Instructions that make files, which BuildKit numbers and shows. */
const shown: ReadonlySet<Keyword> = new Set(['add', 'copy', 'run', 'workdir'])

export function isShown(keyword: Keyword): boolean {
  return shown.has(keyword)
}

/** Tells when a piece of work begins and how it ends, whatever happens in between. */
export async function within<T>(emit: OnProgress, vertex: Vertex, task: (begun: Begun) => Promise<T>): Promise<T> {
  emit({ type: 'vertex', vertex })
  const begun: Begun = { ...vertex, cached: false }
  try {
    const result = await task(begun)
    emit({ type: 'vertex end', vertex: vertex.id, cached: begun.cached })
    return result
  } catch (error) {
    emit({ type: 'vertex end', vertex: vertex.id, cached: false, error: messageOf(error) })
    throw error
  }
}

/** A vertex beside the steps, such as `[internal] load build context`. */
export function internalVertex(name: string, parents: readonly Digest[] = []): Vertex {
  return { id: identity([name, parents]), name, parents }
}

export interface StepPlace {
  readonly position: number
  readonly text: string
  readonly parents: readonly Digest[]
  /** How many stages the Dockerfile has. */
  readonly stages: number
}

/** `position` counts the stage's shown instructions from 1; the base image or context, where there is one, is the first. */
export function stepVertex({ index, stage, base }: PlannedStage, { position, text, parents, stages }: StepPlace): Vertex {
  const total =
    (base.kind === 'image' || base.kind === 'context' ? 1 : 0) + stage.instructions.filter(({ keyword }) => isShown(keyword)).length
  const title = stage.name ?? (stages > 1 ? `stage-${index}` : '')
  const number = String(position).padStart(String(total).length)
  const name = `[${[title, `${number}/${total}`].filter((part) => part !== '').join(' ')}] ${text}`
  return { id: identity([name, index, parents]), name, parents }
}

function identity(parts: readonly unknown[]): Digest {
  return `sha256:${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`
}
