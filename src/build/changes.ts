import { GalleyError } from '#base/error.ts'
import type { RunConfig } from '#engine/images/model.ts'
import { expandWord, expandWords, type Expansion } from './dockerfile/expand.ts'
import { parseInstruction, splitKeyword } from './dockerfile/instructions.ts'
import { readLines } from './dockerfile/lines.ts'
import type { Instruction, Keyword } from './dockerfile/model.ts'
import { configure, workdirOf, type Configuring, type Scope } from './solve/configure.ts'
import { envOf, type Draft } from './solve/state.ts'

/** Instructions that say something of a configuration alone. */
const allowed: ReadonlySet<string> = new Set<Keyword>([
  'cmd',
  'entrypoint',
  'env',
  'expose',
  'healthcheck',
  'label',
  'onbuild',
  'stopsignal',
  'user',
  'volume',
  'workdir',
])

/**
 * Applies Dockerfile instructions as `docker import --change` and `docker commit --change` take them. Throws `invalid` for an
 * instruction that can't stand there.
 */
export function applyChanges(config: RunConfig, changes: readonly string[]): RunConfig {
  const draft: Draft = { ...config }
  const { directives, lines } = readLines(changes.join('\n'))
  const expansion: Expansion = { lookup: (name) => envOf(draft).get(name), escape: directives.escape }
  const scope: Scope = {
    word: (text) => expandWord(text, expansion),
    words: (text) => expandWords(text, expansion),
    commandSet: false,
  }
  for (const line of lines) {
    const { keyword } = splitKeyword(line)
    if (!allowed.has(keyword)) throw new GalleyError('invalid', `${keyword} is not a valid change command`, { code: 'image.change' })
    change(draft, parseInstruction(line, directives.escape), scope)
  }
  return draft
}

function change(draft: Draft, instruction: Instruction, scope: Scope): void {
  if (instruction.keyword === 'onbuild') draft.OnBuild = [...(draft.OnBuild ?? []), instruction.trigger]
  else if (instruction.keyword === 'workdir') draft.WorkingDir = workdirOf(draft, scope.word(instruction.value))
  else configure[instruction.keyword as Configuring](draft, instruction as never, scope)
}
