import type { Digest } from '#base/digest.ts'
import type { Instruction } from '../dockerfile/model.ts'
import { sourcesOf } from '../graph/plan.ts'
import { sourceOf } from './source.ts'
import type { Stage } from './stage.ts'
import { readsContext } from './wanted.ts'

/** The work that an instruction waits for besides its own stage's: all of it is done when this resolves. */
export async function inputsOf(stage: Stage, instruction: Instruction): Promise<readonly Digest[]> {
  const found = new Set<Digest>()
  for (const source of sourcesOf(instruction)) {
    const { vertex } = await sourceOf(stage, source)
    if (vertex !== undefined) found.add(vertex)
  }
  if (readsContext(instruction)) found.add((await stage.solver.contexts.main()).vertex)
  return [...found]
}
