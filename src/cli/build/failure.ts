import type { ErrorSource, Failure } from '#faces/galley/build/told.ts'
import { inWords } from '../words.ts'
import type { Trace } from './trace.ts'

/** Lines of the Dockerfile around those that are meant. */
const around = 2

/** Lines of what failed that are shown again. */
const mostLines = 20

/** What is shown when a build fails: what the step printed, the place in the Dockerfile, and why. */
export function failureText({ id, message, source }: Failure, trace: Trace, what = 'failed to build'): string {
  return `${outputText(trace)}${source === undefined ? '' : excerpt(source)}galley: ${inWords(what)}: ${inWords(message)}\n${inWords('more:')} galley explain ${id}\n`
}

function outputText({ pieces }: Trace): string {
  const failed = pieces.find(({ error, lines }) => error !== undefined && lines.length > 0)
  if (failed === undefined) return ''
  const lines = failed.lines.slice(-mostLines).map(({ text, at }) => `${((at - failed.started) / 1000).toFixed(3)} ${text}\n`)
  return `------\n > ${failed.name}:\n${lines.join('')}------\n`
}

/** As BuildKit's clients show it, and below the line the part that is meant. */
export function excerpt({ name, text, first, last, mark }: ErrorSource): string {
  const lines = text.split('\n')
  const rule = `${'-'.repeat(20)}\n`
  const shown = lines.slice(Math.max(0, first - 1 - around), last + around).flatMap((line, index) => {
    const number = Math.max(0, first - 1 - around) + index + 1
    const meant = number >= first && number <= last
    const row = `${String(number).padStart(4)} | ${meant ? '>>> ' : '    '}${line}`.trimEnd()
    return number === first && mark !== undefined ? [row, `     |     ${carets(line, mark)}`] : [row]
  })
  return `${name}:${first}\n${rule}${shown.map((line) => `${line}\n`).join('')}${rule}`
}

/** Tabs stay tabs, so that the carets stand below what they mean. */
function carets(line: string, { column, length }: NonNullable<ErrorSource['mark']>): string {
  const before = line.slice(0, column - 1).replaceAll(/[^\t]/g, ' ')
  return `${before}${'^'.repeat(Math.max(1, Math.min(length, line.length - column + 1)))}`
}
