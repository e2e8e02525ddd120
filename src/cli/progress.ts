import type { IncomingMessage } from 'node:http'
import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { readLines, type Line } from './lines.ts'
import { findingText } from './render/finding.ts'
import { PlainProgress } from './render/plain.ts'
import { TerminalProgress } from './render/terminal.ts'

/** Draws what happens; what is shown stays correct when it is disposed. */
export interface Progress extends Disposable {
  draw(line: Line): void
}

/** Shows a daemon's answer to the end; resolves with the exit code. Addresses go to standard output, all else to standard error. */
export async function follow(response: IncomingMessage, json: boolean): Promise<number> {
  const last: Line[] = []
  let ok = false
  {
    using progress = json ? jsonProgress() : progressFor(process.stderr)
    using _interrupt = onInterrupt(() => progress[Symbol.dispose]())
    for await (const line of readLines(response)) {
      progress.draw(line)
      if (line.type === 'error') throw new GalleyError(line.kind, line.message, line.advice === undefined ? {} : { advice: line.advice })
      if (line.type === 'end') ok = line.ok
      else last.push(line)
    }
  }
  if (!json) for (const line of last) showLast(line)
  return ok ? 0 : 1
}

function progressFor(stream: NodeJS.WriteStream): Progress {
  const plain = !stream.isTTY || process.env['TERM'] === 'dumb' || (process.env['CI'] ?? '') !== ''
  if (plain) return new PlainProgress((text) => stream.write(text), process.cwd())
  return new TerminalProgress({ stream, clock: systemClock, color: (process.env['NO_COLOR'] ?? '') === '', directory: process.cwd() })
}

function jsonProgress(): Progress {
  return { draw: (line) => process.stdout.write(`${JSON.stringify(line)}\n`), [Symbol.dispose]: () => undefined }
}

/** Explanations and addresses come after everything else. */
function showLast(line: Line): void {
  if (line.type === 'finding') process.stderr.write(`\n${findingText(line.finding, process.cwd())}`)
  if (line.type === 'address') process.stdout.write(`${line.service.padEnd(12)} ${line.url}\n`)
}

/** Leaving the terminal as it was found, also by Ctrl-C; the daemon stops when the connection breaks, and leaves what is done. */
function onInterrupt(tidy: () => void): Disposable {
  const leave = (): void => {
    tidy()
    process.exit(130)
  }
  process.once('SIGINT', leave)
  return { [Symbol.dispose]: () => process.off('SIGINT', leave) }
}
