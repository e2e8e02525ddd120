import { statSync } from 'node:fs'
import { basename, isAbsolute, resolve } from 'node:path'
import type { Service } from '#compose/model/model.ts'
import type { Failure } from './facts.ts'
import { headOf } from './ground.ts'

/** Why a command of a Dockerfile could not be started, had nobody to get its packages from or no room to put them, as far as its exit code, its last words and the files of the context tell. */
export interface BuildProblem {
  readonly kind: 'missing' | 'not-executable' | 'line-endings' | 'architecture' | 'no-answer' | 'no-space'
  /** The program as the shell names it, or the machine that does not answer; empty where nobody says it. */
  readonly program: string
  /** What the shell, or the kernel, said. */
  readonly line: string
  /** The file of the context that it is, absolute. */
  readonly file: string | undefined
}

const signs = [
  { kind: 'architecture', exitCode: undefined, pattern: /(?:exec )?(\S*?):? ?exec format error/i },
  { kind: 'not-executable', exitCode: 126, pattern: /([^\s:]+): permission denied/i },
  // env tells of a carriage return, as `bash\r`; a shell says that the script is not there.
  { kind: 'line-endings', exitCode: 127, pattern: /env: ['‘’"]?([\w.-]+)\\r/ },
  { kind: 'missing', exitCode: 127, pattern: /([^\s:'‘’"]+)['‘’"]?: (?:not found|no such file or directory|command not found)/i },
] as const

/** Looks at a build that failed; undefined where its command started, or where nothing tells. */
export function buildProblem({ service, step, code, message, printed }: Failure): BuildProblem | undefined {
  if (step !== 'image.build' || code !== 'build.step-failed') return undefined
  const sign = signIn(Number(/non-zero code: (\d+)/.exec(message)?.[1]), printed)
  if (sign === undefined) return undefined
  if (sign.kind === 'no-answer' || sign.kind === 'no-space') return { ...sign, file: undefined }
  const file = fileOf(service, sign.program)
  const kind = sign.kind === 'missing' && file !== undefined && hasCarriageReturn(file) ? 'line-endings' : sign.kind
  return { ...sign, kind, file }
}

const noSpace = /no space left on device|ENOSPC|disk quota exceeded|not enough free (?:disk )?space|write error \(disk full/i

/** How package managers, curl and git say that a machine's name is not known, or that nobody answers there. */
const noAnswer =
  /could(?: not|n't) resolve|no such host|name or service not known|temporary failure (?:in name resolution|resolving)|unknown ?host|unable to resolve|bad address|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|network is unreachable|failed to (?:connect to|open tcp connection)|connection timed out|transfer failed for https?:|unable to load the service index/i
const machine =
  /https?:\/\/(?:[^\s/@]*@)?([\w-]+(?:\.[\w-]+)+)|(?:lookup|host(?: address)?[=:]?|host name|resolv(?:e|ing)|ENOTFOUND|EAI_AGAIN|address|Exception:|connect(?:ion)? to)\s*['‘"]?([\w-]+(?:\.[\w-]+)+)/i

/** A machine that a command could not reach; what is looked for on the step's own is no matter of networks. */
function noAnswerIn(printed: readonly string[]): Omit<BuildProblem, 'file'> | undefined {
  const lines = printed.filter((text) => noAnswer.test(text) && !/localhost|\b127\.|::1/.test(text))
  const line = lines.findLast((text) => machine.test(text)) ?? lines.at(-1)
  if (line === undefined) return undefined
  const [, address, name] = machine.exec(line) ?? []
  return { kind: 'no-answer', program: address ?? name ?? '', line: line.trim() }
}

/** What a command's exit code and its last lines say of why it did not start, or why it could not go on. */
export function signIn(exitCode: number, printed: readonly string[]): Omit<BuildProblem, 'file'> | undefined {
  for (const sign of signs) {
    const line = printed.findLast((text) => sign.pattern.test(text))
    if (line === undefined || (sign.exitCode !== undefined && sign.exitCode !== exitCode)) continue
    return { kind: sign.kind, program: sign.pattern.exec(line)?.[1] ?? '', line: line.trim() }
  }
  const full = printed.findLast((text) => noSpace.test(text))
  return full === undefined ? noAnswerIn(printed) : { kind: 'no-space', program: '', line: full.trim() }
}

/** A program that the context has by the same path, or by the same name at its top. */
function fileOf(service: Service | undefined, program: string): string | undefined {
  const context = service?.build?.context ?? ''
  if (!isAbsolute(context) || !program.includes('/')) return undefined
  const places = [resolve(context, program.replace(/^\/+/, '')), resolve(context, basename(program))]
  return places.find((path) => path.startsWith(`${context}/`) && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

function hasCarriageReturn(file: string): boolean {
  return headOf(file).toString('latin1').split('\n', 1)[0]?.endsWith('\r') === true
}
