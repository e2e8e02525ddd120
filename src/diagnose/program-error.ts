import { isOwnCode, pythonFrame } from './telling-lines.ts'

/** How a program says that it stopped at an error, and at which line of its own code. */
export interface ProgramError {
  /** The line that says what is wrong. */
  readonly said: string
  /** A file can't be read at all: its language's rules are broken. */
  readonly isSyntax: boolean
  /** As the program names it: a path inside the container. */
  readonly place: { readonly path: string; readonly line: number } | undefined
}

/** What the last lines of a program say of an error that nobody caught; undefined where they say nothing of the kind. */
export function programErrorIn(log: readonly string[]): ProgramError | undefined {
  for (const sign of [inPython, inNode, inPhp, inNginx, inJava, inGo]) {
    const found = sign(log)
    if (found !== undefined) return found
  }
  return undefined
}

/** CPython, traceback.c: the innermost frame comes last, and the error behind it, not indented. */
function inPython(lines: readonly string[]): ProgramError | undefined {
  const at = lines.findLastIndex((line) => pythonFrame.test(line))
  const said = lines.slice(at + 1).find((line) => /^[\w.]+(?::|$)/.test(line))
  if (at < 0 || said === undefined) return undefined
  const frames = lines.slice(0, at + 1).flatMap((line) => [...line.matchAll(new RegExp(pythonFrame, 'g'))])
  const own = frames.findLast(([, path = '']) => isOwnCode(path))
  return {
    said,
    isSyntax: /^(?:SyntaxError|IndentationError|TabError)/.test(said),
    place: own && { path: own[1] ?? '', line: Number(own[2]) },
  }
}

const jsPath = String.raw`(?:file:\/\/)?(\/[^\s:()]+)`

/** V8 names the file and line of what it can't parse first; else the frames follow the error. */
function inNode(lines: readonly string[]): ProgramError | undefined {
  const at = lines.findLastIndex((line) => /^(?:Uncaught )?(?:\[?\w*Error\b[^:]*\]?|Error(?: \[\w+\])?): /.test(line))
  const said = lines[at]
  const after = lines.slice(at + 1)
  if (said === undefined || !after.some((line) => /^\s+at .*(?:node:|\.[cm]?[jt]s:\d)/.test(line))) return undefined
  const isSyntax = said.includes('SyntaxError')
  const head = lines.slice(Math.max(0, at - 8), at).findLast((line) => new RegExp(`^${jsPath}:\\d+$`).test(line))
  const texts = isSyntax ? [head ?? ''] : after.filter((line) => /^\s+at /.test(line))
  return { said, isSyntax, place: placeIn(texts, new RegExp(`${jsPath}:(\\d+)`)) }
}

function inPhp(lines: readonly string[]): ProgramError | undefined {
  const pattern = /(?:PHP )?((?:Parse|Fatal) error: .*) (?:in|at) (\/\S+?)(?: on line |:)(\d+)/
  const line = lines.findLast((one) => pattern.test(one))
  const [, said = '', path = '', number = ''] = pattern.exec(line ?? '') ?? []
  return line === undefined ? undefined : { said, isSyntax: said.startsWith('Parse'), place: { path, line: Number(number) } }
}

function inNginx(lines: readonly string[]): ProgramError | undefined {
  const pattern = /\[emerg\] \d+#\d+: (.*) in (\/\S+):(\d+)$/
  const line = lines.findLast((one) => pattern.test(one))
  const [, said = '', path = '', number = ''] = pattern.exec(line ?? '') ?? []
  return line === undefined ? undefined : { said: line, isSyntax: !said.includes('host not found'), place: { path, line: Number(number) } }
}

/** The innermost cause is told last. Files stand there without their directories, so that no place is told. */
function inJava(lines: readonly string[]): ProgramError | undefined {
  if (!lines.some((line) => /^\s+at [\w.$/]+\(/.test(line))) return undefined
  const said =
    lines.findLast((line) => /^\s*Caused by: /.test(line)) ??
    lines.findLast((line) => /^Exception in thread |^[\w.]+(?:Exception|Error): /.test(line))
  return said === undefined ? undefined : { said: said.trim(), isSyntax: false, place: undefined }
}

function inGo(lines: readonly string[]): ProgramError | undefined {
  const at = lines.findLastIndex((line) => line.startsWith('panic: '))
  const said = lines[at]
  if (said === undefined) return undefined
  return { said, isSyntax: false, place: placeIn(lines.slice(at), /^\s+(\/\S+\.go):(\d+)/) }
}

/** The first place in a person's own code. */
function placeIn(lines: readonly string[], pattern: RegExp): ProgramError['place'] {
  for (const line of lines) {
    const [, path, number] = pattern.exec(line) ?? []
    if (path !== undefined && isOwnCode(path)) return { path, line: Number(number) }
  }
  return undefined
}
