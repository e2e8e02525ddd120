import type { CheckFinding } from './finding.ts'
import type { CheckedFile, CheckedLine } from './numbered-lines.ts'

const isLower = (text: string): boolean => text === text.toLowerCase()
const isUpper = (text: string): boolean => text === text.toUpperCase()

/** Most keywords are written in capitals, or most are not: the others are found. */
export function consistentCasing({ lines }: CheckedFile): CheckFinding[] {
  const lower = lines.filter(({ written }) => isLower(written)).length
  const upper = lines.filter(({ written }) => isUpper(written)).length
  const [fits, name] = lower > upper ? [isLower, 'lowercase'] : [isUpper, 'uppercase']
  return lines
    .filter(({ written }) => !fits(written))
    .map(({ written, place }) => ({
      rule: 'ConsistentInstructionCasing',
      message: `Command '${written}' should match the case of the command majority (${name})`,
      place,
    }))
}

export function fromAsCasing({ lines }: CheckedFile): CheckFinding[] {
  return froms(lines).flatMap(({ written, rest, place }) => {
    const [, as] = /\s(as)\s+\S+\s*$/i.exec(rest) ?? []
    // A keyword in mixed case is found by another rule.
    if (as === undefined || isLower(as) === isLower(written) || !(isLower(written) || isUpper(written))) return []
    return { rule: 'FromAsCasing', message: `'${as}' and '${written}' keywords' casing do not match`, place }
  })
}

export function stageNames({ lines }: CheckedFile): CheckFinding[] {
  const seen = new Set<string>()
  return froms(lines).flatMap(({ rest, place }) => {
    const [, name] = /\sas\s+(\S+)\s*$/i.exec(rest) ?? []
    if (name === undefined) return []
    const found: CheckFinding[] = []
    const plain = name.toLowerCase()
    if (name !== plain) found.push({ rule: 'StageNameCasing', message: `Stage name '${name}' should be lowercase`, place })
    if (seen.has(plain))
      found.push({ rule: 'DuplicateStageName', message: `Duplicate stage name "${name}", stage names should be unique`, place })
    if (plain === 'scratch' || plain === 'context')
      found.push({ rule: 'ReservedStageName', message: `Stage name should not use the same name as reserved stage "${plain}"`, place })
    seen.add(plain)
    return found
  })
}

/** A blank line within an instruction that goes on over several; in a heredoc it is text. */
export function emptyContinuation({ lines, physical }: CheckedFile): CheckFinding[] {
  return lines
    .filter(({ place: { line }, lastOfText }) => physical.slice(line, lastOfText).some((text) => text.trim() === ''))
    .map(({ place }) => ({ rule: 'NoEmptyContinuation', message: 'Empty continuation line', place }))
}

export function legacyPairs({ lines }: CheckedFile): CheckFinding[] {
  return lines.flatMap(({ rest, instruction, place }) => {
    const { keyword } = instruction ?? {}
    if ((keyword !== 'env' && keyword !== 'label') || (rest.split(/\s/, 1)[0] ?? '').includes('=')) return []
    const name = keyword.toUpperCase()
    const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`
    return { rule: 'LegacyKeyValueFormat', message, place }
  })
}

/** A comment right above what it seems to describe. */
export function descriptions({ lines, physical, file }: CheckedFile): CheckFinding[] {
  return lines.flatMap(({ place, instruction, stage }) => {
    const names =
      instruction === undefined
        ? [file.stages[stage]?.name ?? []].flat()
        : instruction.keyword === 'arg'
          ? instruction.args.map((arg) => arg.name)
          : []
    const [name] = names
    const comment = /^\s*#\s*(.*)$/.exec(physical[place.line - 2] ?? '')?.[1]
    // Directives look like comments.
    if (name === undefined || comment === undefined || comment === '' || /^(syntax|escape|check)\s*=/i.test(comment)) return []
    if (names.some((one) => comment.startsWith(`${one} `))) return []
    const what = instruction === undefined ? 'build stage' : 'build argument'
    const message = `Comment for ${what} should follow the format: \`# ${name} <description>\`. Put an empty line between if it is no description.`
    return { rule: 'InvalidDefinitionDescription', message, place }
  })
}

function froms(lines: readonly CheckedLine[]): CheckedLine[] {
  return lines.filter(({ instruction }) => instruction === undefined)
}
