import { checkDockerfile } from '#build/checks/check.ts'
import { pageOf, rules } from '#build/checks/rules.ts'
import { placeOf } from '#build/dockerfile/problem.ts'
import { messageOf } from '#base/error.ts'
import type { Project } from '#compose/model/model.ts'
import type { Finding } from '#diagnose/finding.ts'
import { lint } from '#diagnose/lint/lint.ts'

/** What `lint` looks at beside the project: the caller's files, which the daemon may not be able to read. */
export interface LintRequest {
  /** Texts of the Compose files by path. */
  readonly files?: Readonly<Record<string, string>>
  readonly dockerfiles?: readonly LintedDockerfile[]
}

export interface LintedDockerfile {
  readonly service: string
  readonly path: string
  readonly text: string
  /** Lines of the ignore file that holds. */
  readonly ignore: readonly string[]
}

export function lintFindings(project: Project, { files = {}, dockerfiles = [] }: LintRequest): Finding[] {
  const lineAt = ({ file, line }: { readonly file: string; readonly line: number }): string | undefined =>
    files[file]?.split('\n')[line - 1]
  return [...lint({ project, lineAt }), ...dockerfiles.flatMap(dockerfileFindings)]
}

/** What the build checks say. Where the base image's variables would have to be known, nothing is said. */
function dockerfileFindings({ service, path, text, ignore }: LintedDockerfile): Finding[] {
  try {
    return checkDockerfile(text, { ignore, variablesOf: () => undefined }).findings.map(({ rule, message, place }) => ({
      rule,
      title: rules[rule],
      titleKo: rules[rule],
      severity: 'warning',
      service,
      evidence: [`${path}:${place.line}: ${place.text.trim()}`],
      cause: `${message}.`,
      fix: { text: `See ${pageOf(rule)}` },
    }))
  } catch (error) {
    return [unreadable(error, { service, path })]
  }
}

function unreadable(error: unknown, { service, path }: Pick<LintedDockerfile, 'service' | 'path'>): Finding {
  return {
    rule: 'dockerfile-unreadable',
    title: 'the Dockerfile has a mistake',
    titleKo: 'Dockerfile에 오류가 있습니다',
    severity: 'error',
    service,
    evidence: [`${path}${lineText(error)}: ${messageOf(error).split('\n', 1)[0] ?? ''}`],
    cause: 'It can not be built.',
    fix: { text: 'Mend the line.' },
  }
}

function lineText(error: unknown): string {
  const place = placeOf(error)
  return place === undefined ? '' : `:${place.line}`
}
