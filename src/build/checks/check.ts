import { GalleyError } from '#base/error.ts'
import { ignoring } from '../context/ignore.ts'
import { parseCheckDirective } from './directive.ts'
import type { CheckFinding } from './finding.ts'
import { ignoredFiles, relativeDirectories } from './files.ts'
import { defaultBases, fromArguments, fromPlatforms } from './from.ts'
import { jsonArguments, singleInstructions, withoutEffect } from './instructions.ts'
import { checkedFile, type CheckedFile } from './numbered-lines.ts'
import { experimental, type RuleName } from './rules.ts'
import { undefinedVariables, type VariablesOf } from './variables.ts'
import { consistentCasing, descriptions, emptyContinuation, fromAsCasing, legacyPairs, stageNames } from './written-form.ts'

export interface CheckOptions {
  /** Lines of the ignore file that holds. */
  readonly ignore: readonly string[]
  readonly variablesOf: VariablesOf
  /** What takes the place of the Dockerfile's own directive: the build argument `BUILDKIT_DOCKERFILE_CHECK`. */
  readonly directive?: string | undefined
}

export interface Checked {
  /** In the order of the file. */
  readonly findings: readonly CheckFinding[]
  /** Whether the Dockerfile wants a build with findings to fail. */
  readonly error: boolean
}

const rulesOfFile: readonly ((file: CheckedFile) => CheckFinding[])[] = [
  consistentCasing,
  fromAsCasing,
  stageNames,
  emptyContinuation,
  legacyPairs,
  descriptions,
  singleInstructions,
  jsonArguments,
  withoutEffect,
  fromArguments,
  defaultBases,
  fromPlatforms,
  relativeDirectories,
]

/** Checks a Dockerfile by the rules that BuildKit's users know (`rules.ts`). Throws as `parseDockerfile` does. */
export function checkDockerfile(text: string, { ignore, variablesOf, directive }: CheckOptions): Checked {
  const file = checkedFile(text)
  const { skips, tries, error } = parseCheckDirective(directive ?? file.directive)
  const found = [
    ...rulesOfFile.flatMap((rule) => rule(file)),
    ...undefinedVariables(file, variablesOf),
    ...ignoredFiles(file, { ignores: ignoring(ignore), all: ignoresAll(ignore) }),
  ]
  const findings = found
    .filter(({ rule, place }) => !skips(rule) && (!experimental.includes(rule) || tries(rule)) && !isSkippedAt(file, rule, place.line))
    .toSorted((a, b) => a.place.line - b.place.line)
  return { findings, error }
}

/** Whether a comment right above an instruction (`# check=skip=RULE // why`) takes it out of a rule. */
function isSkippedAt({ physical }: CheckedFile, rule: RuleName, line: number): boolean {
  for (let at = line - 2; /^\s*#/.test(physical[at] ?? ''); at--) {
    const [, directive] = /^\s*#\s*check\s*=\s*(.*?)(?:\s+\/\/.*)?\s*$/i.exec(physical[at] ?? '') ?? []
    // At the top of the file, between other directives, it is the whole file's.
    const isOfFile = physical.slice(0, at + 1).every((text) => /^\s*#\s*\w+\s*=/.test(text))
    if (directive !== undefined && !isOfFile && parseCheckDirective(directive).skips(rule)) return true
  }
  return false
}

/** Whether nothing of the context is left. */
function ignoresAll(lines: readonly string[]): boolean {
  const rules = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  return rules.some((line) => /^\/?\*\*?$/.test(line)) && !rules.some((line) => line.startsWith('!'))
}

/** What a build says whose Dockerfile wants findings to fail it. */
export function violation(findings: readonly CheckFinding[]): GalleyError {
  const names = [...new Set(findings.map(({ rule }) => rule))]
  return new GalleyError('invalid', `lint violation found for rules: ${names.join(', ')}`, { code: 'build.check' })
}
