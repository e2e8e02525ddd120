import { digestOf, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import { RememberedTree } from '../context/remembered-tree.ts'
import type { SourceTree } from '../context/tree.ts'
import { findStage } from '../graph/plan.ts'
import { findImage } from './base.ts'
import type { Solver } from './solver.ts'
import type { Stage } from './stage.ts'

/** Files that a step takes from elsewhere, and the work that made or brought them. */
export interface Source {
  readonly tree: SourceTree
  readonly vertex: Digest | undefined
}

/** The files that `--from` names: those of an earlier stage, by name or number, of a named context, or of an image. */
export async function sourceOf({ solver, index }: Stage, from: string): Promise<Source> {
  const other = findStage(from, solver.plan.names, index)
  if (other !== undefined) {
    const { layers, vertex } = await solver.stage(other)
    return { tree: treeOf(solver, layers), vertex }
  }
  const named = solver.contexts.find(from)
  if (named?.kind === 'files') return solver.contexts.files(from.toLowerCase(), named.source)
  const platform = solver.request.platform ?? hostPlatform()
  const { layers, vertex } = await findImage(solver, named?.reference ?? from, { stage: index, platform }).catch((error: unknown) => {
    throw solver.request.classic === true && error instanceof GalleyError ? ofFlag(from, error) : error
  })
  return { tree: treeOf(solver, layers), vertex }
}

/** As the classic builder says where an image was looked for. */
function ofFlag(from: string, error: GalleyError): GalleyError {
  const { kind, message, code = '', subject = from, advice } = error
  return new GalleyError(kind, `invalid from flag value ${from}: ${message}`, {
    ...(code !== '' && { code }),
    subject,
    ...(advice !== undefined && { advice }),
    cause: error,
  })
}

/** The files that layers make. They never change: what is known of them is remembered from build to build. */
export function treeOf({ workspace, builder }: Solver, layers: readonly Digest[]): SourceTree {
  return new RememberedTree(() => workspace.tree(layers), builder.digests.of(digestOf(layers.join())))
}
