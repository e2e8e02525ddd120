import { GalleyError } from '#base/error.ts'
import { ignoring } from '../context/ignore.ts'
import { parseCheckDirective } from './directive.ts'
import type { CheckFinding } from './finding.ts'
import { ignoredFiles, relativeDirectories } from './files.ts'
import { defaultBases, fromArguments, fromPlatforms } from './from.ts'
import { jsonArguments, singleInstructions, withoutEffect } from './instructions.ts'
import { checkedFile, type CheckedFile } from './numbered-lines.ts'
import { experimental } from './rules.ts'
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
    ...ignoredFiles(file, ignoring(ignore)),
  ]
  const findings = found
    .filter(({ rule }) => !skips(rule) && (!experimental.includes(rule) || tries(rule)))
    .toSorted((a, b) => a.place.line - b.place.line)
  return { findings, error }
}

/** What a build says whose Dockerfile wants findings to fail it. */
export function violation(findings: readonly CheckFinding[]): GalleyError {
  const names = [...new Set(findings.map(({ rule }) => rule))]
  return new GalleyError('invalid', `lint violation found for rules: ${names.join(', ')}`, { code: 'build.check' })
}
