import { GalleyError } from '#base/error.ts'
import { takeFlags, flagValue } from './flags.ts'
import { parseInstruction, splitKeyword } from './instructions.ts'
import { readLines, type LogicalLine } from './lines.ts'
import type { Dockerfile, Instruction, Stage } from './model.ts'
import { parseError, type Place } from './problem.ts'

interface Draft extends Stage {
  readonly instructions: Instruction[]
}

/**
 * Parses a Dockerfile (Dockerfile reference, 1.x). Throws `invalid` with the place and, where a word is close to another, a
 * suggestion; `not implemented` for a frontend that isn't Docker's.
 */
export function parseDockerfile(source: string): Dockerfile {
  const { directives, lines } = readLines(source)
  checkSyntax(directives.syntax)
  const globals: Instruction<'arg'>[] = []
  const stages: Draft[] = []
  for (const line of lines) {
    const { keyword } = splitKeyword(line)
    if (keyword === 'from') {
      stages.push(parseFrom(line))
      continue
    }
    const instruction = parseInstruction(line, directives.escape)
    const stage = stages.at(-1)
    if (stage !== undefined) stage.instructions.push(instruction)
    else if (instruction.keyword === 'arg') globals.push(instruction)
    else throw parseError(instruction.place, 'no build stage in current context')
  }
  if (stages.length === 0) {
    const message = globals.length === 0 ? 'file with no instructions' : 'dockerfile contains no stages to build'
    throw new GalleyError('invalid', message, { code: 'dockerfile.empty' })
  }
  return { escape: directives.escape, globals, stages }
}

/** An image's own triggers, which run right after the `FROM` that names it. */
export function parseTrigger(text: string): Instruction {
  const { directives, lines } = readLines(text)
  const [line] = lines
  if (line === undefined) throw new GalleyError('invalid', `empty ONBUILD trigger`)
  return parseInstruction(line, directives.escape)
}

/** Galley is the frontend itself: the directive only says which language, and nothing is ever fetched for it, from whatever mirror. */
export function checkSyntax(syntax: string | undefined): void {
  if (syntax === undefined || /^([^/]+\/)?docker\/dockerfile(-upstream)?([:@].*)?$/.test(syntax)) return
  throw new GalleyError('not implemented', `dockerfile syntax "${syntax}" is not implemented by Galley`, {
    code: 'dockerfile.syntax',
    subject: syntax,
    advice: 'Galley reads docker/dockerfile itself and runs no other frontend.',
  })
}

function parseFrom(line: LogicalLine): Draft {
  const { rest, offset } = splitKeyword(line)
  const place = line.place(0, line.text.length)
  const fail = (problem: string, at: Place = place): never => {
    throw parseError(at, problem)
  }
  const flags = takeFlags(rest, ['platform'], (problem, at, length) => fail(problem, line.place(offset + at, length)))
  const words = flags.rest.split(/\s+/).filter((word) => word !== '')
  const [base = '', as, name] = words
  if (words.length !== 1 && !(words.length === 3 && as?.toLowerCase() === 'as')) fail('FROM requires either one or three arguments')
  if (name !== undefined && !/^[a-z][a-z0-9-_.]*$/i.test(name)) {
    fail(`invalid name for build stage: "${name}", name can't start with a number or contain symbols`)
  }
  return { name: name?.toLowerCase(), base, platform: flagValue(flags, 'platform'), text: `FROM ${rest}`, place, instructions: [] }
}
