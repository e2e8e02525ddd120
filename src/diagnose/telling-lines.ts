import { plain } from './words.ts'

/** Lines that stand in every stack trace, or in every start, and say nothing of what failed. */
const chatter = [
  // Node.js and Java: frames, and Node.js's last line.
  /^\s+at /,
  /^\s+\.\.\. \d+ (?:more|common frames omitted)$/,
  /^Node\.js v\d/,
  /^\s*\{?\s*(?:code: |requireStack: |throw err;)/,
  // Python: what leads to the error.
  /^Traceback \(most recent call last\):$/,
  /^(?:The above exception was the direct cause|During handling of the above exception)/,
  /^\s+[~^]*[\^~][~^\s]*$/,
  // Go: where each goroutine was.
  /^goroutine \d+ \[/,
  // npm's usage and where its log is.
  /^npm (?:error|ERR!)\s*(?:$|A complete log of this run|-|Run "npm help|Options:$|Usage:$|aliases?: |\[-)/,
  /^npm (?:error|ERR!)\s{3,}/,
  /^npm notice/,
  // V8's native frames.
  /^\s*\d+: 0x[0-9a-f]+ /,
  // Maven, and yarn.
  /^\[(?:INFO|ERROR)\]\s*(?:$|-+$|BUILD FAILURE|Total time|Finished at|To see the full|Re-run Maven|For more information|\[Help \d+\])/,
  /^info Visit https:/,
  // Go, before the errors of a package.
  /^# [\w./-]+$/,
  // apt.
  /^(?:Reading package lists|Building dependency tree|Reading state information)\.\.\./,
  // pip, which tries five times.
  /^\s*WARNING: Retrying \(/,
  // nginx' entrypoint, which tells every script.
  /^\/docker-entrypoint\.sh: (?:launching|sourcing|looking for|Configuration complete|\/docker-entrypoint\.d\/ )/i,
  /^\s*[{}[\]()]*;?\s*$/,
]

/** Packages that come with an interpreter or are installed: no code of the person's own. */
const foreign = /\/(?:site-packages|dist-packages|node_modules|vendor|usr\/(?:local\/)?lib)\/|<frozen |node:internal/

/**
 * The last lines of an output that say what failed, without frames and chatter; the last lines at all where nothing else is left. What a
 * program says at each of its starts is told once.
 */
export function tellingLines(log: readonly string[], count: number): string[] {
  const lines = log.filter((line) => line.trim() !== '')
  const telling = lines.filter((line, index) => !isChatter(line) && !isFrame(lines, index))
  const told = telling.length === 0 ? lines : telling
  return told.filter((line, index) => told.lastIndexOf(line) === index).slice(-count)
}

function isChatter(line: string): boolean {
  return chatter.some((pattern) => pattern.test(plain(line)))
}

/** Python's `File "…", line N, in NAME` of packages, and the line of code below each. */
function isFrame(lines: readonly string[], index: number): boolean {
  const own = pythonFrame.exec(lines[index] ?? '')
  if (own !== null) return foreign.test(own[1] ?? '')
  const above = lines.slice(0, index).findLast((line) => pythonFrame.test(line) || !/^\s/.test(line))
  const frame = pythonFrame.exec(above ?? '')
  return frame !== null && foreign.test(frame[1] ?? '') && /^\s{4}/.test(lines[index] ?? '')
}

export const pythonFrame = /^\s+File "([^"]+)", line (\d+)/

/** Whether a path of a stack trace is the person's own code. */
export function isOwnCode(path: string): boolean {
  return !foreign.test(path) && !path.startsWith('<') && !path.startsWith('node:')
}
