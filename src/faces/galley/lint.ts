import { checkDockerfile } from '#build/checks/check.ts'
import type { CheckFinding } from '#build/checks/finding.ts'
import { pageOf, rules } from '#build/checks/rules.ts'
import { placeOf } from '#build/dockerfile/problem.ts'
import { messageOf } from '#base/error.ts'
import type { Project } from '#compose/model/model.ts'
import type { Finding, Fix } from '#diagnose/finding.ts'
import { scriptFindings, type ContextScript } from '#diagnose/context-scripts.ts'
import { koreanTitles } from '#diagnose/build-check-titles.ts'
import { lint } from '#diagnose/lint.ts'
import type { LintFacts } from '#diagnose/rule.ts'
import { same } from '#diagnose/words.ts'
import { dockerfileChange } from './dockerfile-change.ts'

/** What `lint` looks at beside the project: the caller's files, which the daemon may not be able to read. */
export interface LintRequest {
  /** Texts of the Compose files by path. */
  readonly files?: Readonly<Record<string, string>>
  readonly dockerfiles?: readonly LintedDockerfile[]
  /** Whether warnings count as errors do. */
  readonly strict?: boolean
  /** Whether advice is told too. */
  readonly advice?: boolean
}

export interface LintedDockerfile {
  readonly service: string
  readonly path: string
  readonly text: string
  /** Lines of the ignore file that holds. */
  readonly ignore: readonly string[]
  readonly scripts?: readonly ContextScript[]
}

/** What the rules look at, with the texts that came along. */
export function lintFacts(project: Project, { files = {} }: LintRequest, groundOf: LintFacts['groundOf']): Omit<LintFacts, 'useOf'> {
  return { project, groundOf, lineAt: ({ file, line }) => files[file]?.split('\n')[line - 1] }
}

/** All that is likely to go wrong, in the Compose files and in Dockerfiles. */
export function lintFindings(facts: Omit<LintFacts, 'useOf'>, { dockerfiles = [] }: LintRequest): Finding[] {
  return [
    ...lint({ ...facts, useOf: () => undefined }),
    ...dockerfiles.flatMap(dockerfileFindings),
    ...dockerfiles.flatMap(({ service, scripts = [] }) => scriptFindings(service, scripts)),
  ]
}

/** What the build checks say. Where the base image's variables would have to be known, nothing is said. */
function dockerfileFindings({ service, path, text, ignore }: LintedDockerfile): Finding[] {
  try {
    return checkDockerfile(text, { ignore, variablesOf: () => undefined }).findings.map((found) => ({
      rule: found.rule,
      title: { en: rules[found.rule], ko: koreanTitles[found.rule] },
      severity: 'warning',
      service,
      evidence: [same(`${path}:${found.place.line}: ${found.place.text.trim()}`)],
      cause: same(`${found.message}.`),
      fix: fixOf(found, path),
      page: pageOf(found.rule),
    }))
  } catch (error) {
    return [unreadable(error, { service, path })]
  }
}

function fixOf(found: CheckFinding, path: string): Fix {
  const change = dockerfileChange(found, path)
  return change === undefined
    ? { text: { en: 'Change the line as the page of the rule shows.', ko: '규칙 문서의 예제처럼 줄을 고치세요.' } }
    : { text: { en: 'Write the line so:', ko: '줄을 이렇게 쓰세요.' }, change }
}

function unreadable(error: unknown, { service, path }: Pick<LintedDockerfile, 'service' | 'path'>): Finding {
  return {
    rule: 'dockerfile-unreadable',
    title: { en: 'the Dockerfile has a mistake', ko: 'Dockerfile에 오류가 있습니다' },
    severity: 'error',
    service,
    evidence: [same(`${path}${lineText(error)}: ${messageOf(error).split('\n', 1)[0] ?? ''}`)],
    cause: { en: 'It can not be built.', ko: '이 Dockerfile로는 빌드할 수 없습니다.' },
    fix: { text: { en: 'Mend the line.', ko: '그 줄을 고치세요.' } },
  }
}

function lineText(error: unknown): string {
  const place = placeOf(error)
  return place === undefined ? '' : `:${place.line}`
}
