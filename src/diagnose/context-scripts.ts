import type { Finding, Words } from './finding.ts'
import { findingOf, type Rule } from './rule.ts'
import { windowsLines as words } from './rules/program-words.ts'
import { programNotExecutable, scriptLineEndings } from './rules/program.ts'

/** A script of a build's context that its Dockerfile copies or starts by name. */
export interface ContextScript {
  readonly path: string
  /** Without its newline. */
  readonly firstLine: string
  readonly executable: boolean
  /** The Dockerfile starts it as a program, and sets no execute bit itself. */
  readonly started: boolean
}

/** Says what of a build's scripts will not work, before anything is built. */
export function scriptFindings(service: string, scripts: readonly ContextScript[]): Finding[] {
  return scripts.flatMap((script) => [
    ...(script.firstLine.endsWith('\r') ? [windowsLines(service, script)] : []),
    ...(script.started && !script.executable ? [noExecuteBit(service, script)] : []),
  ])
}

function windowsLines(service: string, { path, firstLine }: ContextScript): Finding {
  const line = firstLine.trimEnd()
  return told(scriptLineEndings, service, {
    evidence: {
      en: `${path}:1: "${line}" ends in a carriage return (\\r\\n)`,
      ko: `${path}:1: "${line}" 줄이 캐리지 리턴(\\r\\n)으로 끝납니다`,
    },
    cause: words.cause,
    text: words.fix(path),
  })
}

function noExecuteBit(service: string, { path }: ContextScript): Finding {
  return told(programNotExecutable, service, {
    evidence: {
      en: `${path} is started by the Dockerfile and has no execute bit`,
      ko: `Dockerfile이 시작하는 ${path} 파일에 실행 권한이 없습니다`,
    },
    cause: {
      en: 'COPY keeps the bits of a file; what has no execute bit is not started.',
      ko: 'COPY는 파일의 권한을 그대로 가져오므로, 실행 권한이 없는 파일은 시작되지 않습니다.',
    },
    text: {
      en: `chmod +x ${path} (in Git: git update-index --chmod=+x), or COPY --chmod=755.`,
      ko: `chmod +x ${path} 명령으로 권한을 주거나(Git에서는 git update-index --chmod=+x), COPY --chmod=755를 쓰세요.`,
    },
  })
}

function told(rule: Rule, service: string, { evidence, cause, text }: Readonly<Record<'evidence' | 'cause' | 'text', Words>>): Finding {
  return findingOf(rule, { service, evidence: [evidence], cause, fix: { text } })
}
