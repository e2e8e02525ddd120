import type { Solver } from '../solve/solver.ts'
import type { State } from '../solve/state.ts'

/** A file system that an SBOM is made of. */
export interface Scanned {
  /** Empty for the result itself. */
  readonly name: string
  readonly root: string
  /** Lowest first; none for files that are no layers. */
  readonly layers: State['layers']
}

/**
 * The result, and what the Dockerfile wants scanned besides: `ARG BUILDKIT_SBOM_SCAN_STAGE` and `BUILDKIT_SBOM_SCAN_CONTEXT`, in front of
 * the first stage or in a stage, say so with `true` or names of stages.
 */
export async function scannedOf(solver: Solver, result: State): Promise<readonly Scanned[]> {
  const { plan, workspace, contexts } = solver
  const nameOf = (index: number): string => plan.all[index]?.stage.name ?? `stage-${index}`
  const states = await Promise.all(plan.stages.map(async ({ index }) => ({ index, state: await solver.stage(index) })))
  const wants = (what: 'STAGE' | 'CONTEXT', { index, state }: (typeof states)[number]): boolean => {
    const name = `BUILDKIT_SBOM_SCAN_${what}`
    const value = state.args.get(name) ?? plan.globals.get(name) ?? ''
    return ['1', 'true'].includes(value) || value.split(',').includes(nameOf(index))
  }
  const others = states.filter((stage) => stage.index !== plan.target && wants('STAGE', stage))
  const context = states.some((stage) => wants('CONTEXT', stage)) ? [await (await contexts.main()).tree.files()] : []
  return [
    { name: '', root: workspace.tree(result.layers), layers: result.layers },
    ...others.map(({ index, state }) => ({ name: nameOf(index), root: workspace.tree(state.layers), layers: state.layers })),
    ...context.map((root) => ({ name: 'context', root, layers: [] })),
  ]
}
