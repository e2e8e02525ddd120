import { nearest } from '#base/nearest.ts'
import { expandWord } from '../dockerfile/expand.ts'
import type { Instruction, Stage } from '../dockerfile/model.ts'
import { proxyArgs } from '../graph/platform-args.ts'
import type { CheckFinding } from './finding.ts'
import type { CheckedFile } from './numbered-lines.ts'

/** Names of the variables that an image sets; undefined when nobody knows. */
export type VariablesOf = (base: string) => readonly string[] | undefined

/** Variables that a text needs: those with a word for the case that they are not set may be missing. */
export function namesIn(text: string, escape: string): Set<string> {
  const names = new Set<string>()
  try {
    expandWord(text, { escape, lookup: (name) => void names.add(name) })
  } catch {
    // An expansion that can't be read is reported by the build itself, with its place.
  }
  for (const [, name = ''] of text.matchAll(/\$\{(\w+):?[-+?]/g)) names.delete(name)
  return names
}

/** What of an instruction is expanded by the builder; in `RUN`, `CMD` and `ENTRYPOINT` the shell does it. */
function expandedTexts(instruction: Instruction): readonly string[] {
  switch (instruction.keyword) {
    case 'add':
    case 'copy':
      return [...instruction.sources, instruction.destination, instruction.chown ?? '', instruction.chmod ?? '']
    case 'env':
    case 'label':
      return instruction.pairs.map(({ value }) => value)
    case 'arg':
      return instruction.args.map(({ value = '' }) => value)
    case 'expose':
      return instruction.ports
    case 'user':
    case 'workdir':
    case 'stopsignal':
      return [instruction.value]
    case 'volume':
      return instruction.paths
    default:
      return []
  }
}

/** Uses of variables that no instruction before and no base image sets. Where the base image is unknown, nothing is said. */
export function undefinedVariables({ file }: CheckedFile, variablesOf: VariablesOf): CheckFinding[] {
  const byStage = new Map<string, ReadonlySet<string> | undefined>()
  return file.stages.flatMap((stage) => {
    const base = byStage.has(stage.base.toLowerCase()) ? byStage.get(stage.base.toLowerCase()) : namesOf(stage, variablesOf)
    const known = new Set([...(base ?? []), ...proxyArgs])
    const found = stage.instructions.flatMap((instruction) => usesIn(instruction, known, file.escape))
    if (stage.name !== undefined) byStage.set(stage.name, base && known)
    return base === undefined ? [] : found
  })
}

function namesOf({ base }: Stage, variablesOf: VariablesOf): ReadonlySet<string> | undefined {
  if (base === 'scratch') return new Set(['PATH'])
  const names = base.includes('$') ? undefined : variablesOf(base)
  return names && new Set(names)
}

/** Notes what the instruction sets, so that the next one may use it. */
function usesIn(instruction: Instruction, known: Set<string>, escape: string): CheckFinding[] {
  const names = expandedTexts(instruction).flatMap((text) => [...namesIn(text, escape)])
  const unknown = [...new Set(names)].filter((name) => !known.has(name))
  if (instruction.keyword === 'env') for (const { name } of instruction.pairs) known.add(name)
  if (instruction.keyword === 'arg') for (const { name } of instruction.args) known.add(name)
  return unknown.map((name) => {
    const meant = nearest(name, [...known])
    const hint = meant === undefined ? '' : ` (did you mean $${meant}?)`
    return { rule: 'UndefinedVar', message: `Usage of undefined variable '$${name}'${hint}`, place: instruction.place }
  })
}
