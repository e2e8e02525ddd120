import { hostPlatform } from '#content/manifests/platform.ts'
import type { SourceTree } from '../context/tree.ts'
import { findStage } from '../graph/plan.ts'
import { findImage } from './base.ts'
import type { Stage } from './stage.ts'

/** The files that `--from` names: those of an earlier stage, by name or number, or of an image. */
export async function sourceTree(stage: Stage, from: string): Promise<SourceTree> {
  const { run, index } = stage
  const other = findStage(from, run.plan.names, index)
  const { layers } =
    other === undefined
      ? await findImage(run, from, { stage: index, platform: run.request.platform ?? hostPlatform() })
      : await run.stage(other)
  return { root: run.workspace.tree(layers), owners: true }
}
