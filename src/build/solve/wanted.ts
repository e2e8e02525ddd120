import type { Instruction } from '../dockerfile/model.ts'
import { parseTrigger } from '../dockerfile/parse.ts'
import type { Solver } from './solver.ts'

/**
 * The paths of the build context that the build may read; undefined when that can't be told before its variables have their
 * values. Base images are looked at first, as they may ask for files too (`ONBUILD COPY`).
 */
export async function wantedPaths(solver: Solver): Promise<readonly string[] | undefined> {
  const paths: string[] = []
  for (const planned of solver.plan.stages) {
    const triggers = planned.base.kind === 'image' ? ((await solver.base(planned)).config.OnBuild ?? []) : []
    for (const instruction of [...triggers.map(parseTrigger), ...planned.stage.instructions]) paths.push(...pathsOf(instruction))
  }
  // An empty source stands for everything, as a dot does.
  return paths.some((path) => /[$\\]/.test(path)) ? undefined : paths.map((path) => (path === '' ? '.' : path))
}

function pathsOf(instruction: Instruction): readonly string[] {
  switch (instruction.keyword) {
    case 'add':
      return instruction.sources.filter((source) => !/^([a-z]+:\/\/|git@)/.test(source))
    case 'copy':
      return instruction.from === undefined
        ? instruction.sources.map((source) => (instruction.parents ? aboveAnyDepth(source) : source))
        : []
    case 'run':
      return instruction.mounts.flatMap((mount) =>
        (mount.get('type') ?? 'bind') === 'bind' && (mount.get('from') ?? '') === ''
          ? (mount.get('source') ?? mount.get('src') ?? '.')
          : [],
      )
    // One for a stage of the same file can name paths too.
    case 'onbuild':
      return pathsOf(parseTrigger(instruction.trigger))
    default:
      return []
  }
}

/** What leads to the first `**` of a pattern, which clients don't know. */
function aboveAnyDepth(source: string): string {
  const parts = source.split('/')
  const any = parts.indexOf('**')
  return any < 0 ? source : parts.slice(0, any).join('/') || '.'
}

/** Whether an instruction takes files from the build context. */
export function readsContext(instruction: Instruction): boolean {
  return pathsOf(instruction).length > 0 && instruction.keyword !== 'onbuild'
}
