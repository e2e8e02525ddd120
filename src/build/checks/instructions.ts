import type { Instruction, Keyword } from '../dockerfile/model.ts'
import type { CheckFinding } from './finding.ts'
import type { CheckedFile } from './numbered-lines.ts'

const secret = /(?:_|^)(?:apikey|auth|credentials?|key|password|passwd|pword|secret|token)(?:_|$)/i
/** `…_FILE` names a place, `…_VERSION` a program. */
const open = /(?:_|^)public(?:_|$)|_(?:file|version)$/i

type Rule<K extends Keyword> = (instruction: Instruction<K>) => readonly Omit<CheckFinding, 'place'>[]

/** Rules that need no more than one instruction, by its keyword. */
const single: { readonly [K in Keyword]?: Rule<K> } = {
  maintainer: () => [{ rule: 'MaintainerDeprecated', message: 'Maintainer instruction is deprecated in favor of using label' }],
  arg: ({ args }) => args.filter(({ name }) => isSecret(name)).map(({ name }) => sensitive('ARG', name)),
  env: ({ pairs }) => pairs.filter(({ name }) => isSecret(name)).map(({ name }) => sensitive('ENV', name)),
  expose: ({ ports }) =>
    ports.flatMap((port) => {
      const [, protocol = ''] = port.split('/')
      const found: Omit<CheckFinding, 'place'>[] = []
      if (protocol !== protocol.toLowerCase())
        found.push({ rule: 'ExposeProtoCasing', message: `Defined protocol '${port}' in EXPOSE instruction should be lowercase` })
      if (port.includes(':') && !port.startsWith('$'))
        found.push({
          rule: 'ExposeInvalidFormat',
          message: `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
        })
      return found
    }),
}

function isSecret(name: string): boolean {
  return secret.test(name) && !open.test(name)
}

function sensitive(keyword: string, name: string): Omit<CheckFinding, 'place'> {
  return { rule: 'SecretsUsedInArgOrEnv', message: `Do not use ARG or ENV instructions for sensitive data (${keyword} "${name}")` }
}

export function singleInstructions({ lines }: CheckedFile): CheckFinding[] {
  return lines.flatMap(({ instruction, place }) => {
    if (instruction === undefined) return []
    // The table pairs each keyword with its own rule, which the compiler can't follow through an index.
    const rule = single[instruction.keyword] as Rule<Keyword> | undefined
    return (rule?.(instruction) ?? []).map((found) => ({ ...found, place }))
  })
}

/** A shell in front of the program gets its signals, unless the file has chosen its shell knowingly. */
export function jsonArguments({ file }: CheckedFile): CheckFinding[] {
  const chosen = new Set<string>()
  return file.stages.flatMap(({ name, base, instructions }) => {
    if (chosen.has(base.toLowerCase()) || instructions.some(({ keyword }) => keyword === 'shell')) {
      if (name !== undefined) chosen.add(name)
      return []
    }
    return instructions.flatMap((instruction) => {
      if ((instruction.keyword !== 'cmd' && instruction.keyword !== 'entrypoint') || instruction.command.form !== 'shell') return []
      const name = instruction.keyword.toUpperCase()
      const message = `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`
      return { rule: 'JSONArgsRecommended', message, place: instruction.place }
    })
  })
}

/** All but the last of what a stage has only one of. */
export function withoutEffect({ file }: CheckedFile): CheckFinding[] {
  return file.stages.flatMap(({ instructions }) =>
    (['cmd', 'entrypoint', 'healthcheck'] as const).flatMap((keyword) => {
      const all = instructions.filter((instruction) => instruction.keyword === keyword)
      const name = keyword.toUpperCase()
      const message = `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`
      return all.slice(0, -1).map(({ place }) => ({ rule: 'MultipleInstructionsDisallowed' as const, message, place }))
    }),
  )
}
