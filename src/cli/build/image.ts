import { writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { FrameBuffer } from '#base/frame-buffer.ts'
import type { BuildAsked } from '#faces/galley/build/asked.ts'
import { outputStream, toldStream, type Told } from '#faces/galley/build/told.ts'
import { ask } from '../connect.ts'
import { loginHeaders } from '../logins.ts'
import { isPlain, onInterrupt } from '../progress.ts'
import { answerText } from './answers.ts'
import type { Display } from './display.ts'
import { failureText } from './failure.ts'
import { indexImage } from './layout-index.ts'
import type { PlannedOutput } from './outputs.ts'
import { PlainDisplay } from './plain.ts'
import { prepareRequest, type Values } from './request.ts'
import { sinkOf, type Sink } from './sinks.ts'
import { readInput, type Piped } from './stdin.ts'
import { TerminalDisplay } from './terminal.ts'
import { Trace } from './trace.ts'
import { warningsText } from './warnings.ts'

/** Builds one image from a path, an address, or `-`; resolves with the exit code. */
export async function buildOne(values: Values, context: string): Promise<number> {
  const mode = modeOf(values)
  const piped = await inputFor(context, values.file?.[0])
  const { asked, outputs } = prepareRequest({ values, context, input: piped?.input, environment: process.env })
  if (mode === 'json' && outputs.some(({ destination }) => destination?.kind === 'stdout'))
    throw new GalleyError('invalid', 'standard output is for the result here, not for --progress=json', {
      advice: 'Take --progress=rawjson, which tells on standard error.',
    })
  const trace = new Trace()
  const last = await carryOut(asked, piped, { mode, outputs, trace })
  if (last.type === 'error') {
    if (mode !== 'json') process.stderr.write(failureText(last, trace))
    return 1
  }
  if (asked.call !== undefined) {
    const { text, code } = answerText(asked.call, last.answer, values.call?.includes('format=json') === true)
    process.stdout.write(text)
    return code
  }
  if (mode === 'plain' || mode === 'tty') process.stderr.write(warningsText(trace.warnings))
  report(values, { outputs, answer: last.answer })
  return 0
}

type Mode = 'tty' | 'plain' | 'quiet' | 'rawjson' | 'json'
type Last = Extract<Told, { type: 'end' | 'error' }>

function modeOf({ progress = 'auto', quiet, json }: Values): Mode {
  if (quiet === true) return 'quiet'
  if (json === true) return 'json'
  if (progress === 'auto') return isPlain(process.stderr) ? 'plain' : 'tty'
  const modes: readonly string[] = ['tty', 'plain', 'quiet', 'rawjson', 'json'] satisfies Mode[]
  if (!modes.includes(progress)) throw new GalleyError('invalid', `--progress takes auto, ${modes.join(', ')}, not ${progress}`)
  return progress as Mode
}

async function inputFor(context: string, file: string | undefined): Promise<Piped | undefined> {
  if (context === '-' && file === '-')
    throw new GalleyError('invalid', 'the context and the Dockerfile can not both come over standard input')
  if (context !== '-' && file !== '-') return undefined
  return await readInput(process.stdin as AsyncIterable<Buffer>, context === '-')
}

interface Carrying {
  readonly mode: Mode
  readonly outputs: readonly PlannedOutput[]
  readonly trace: Trace
}

/** Has the daemon build, shows how, writes the outputs, and resolves with its last word. Throws `unavailable` when it breaks off. */
async function carryOut(asked: BuildAsked, piped: Piped | undefined, { mode, outputs, trace }: Carrying): Promise<Last> {
  const sinks = new Map<number, Sink>()
  using display = asked.call === undefined ? displayFor(mode, trace) : silent
  using _interrupt = onInterrupt(display, 'steps that are done stay in the cache.')
  const frames = new FrameBuffer()
  let last: Last | undefined
  for await (const chunk of (await send(asked, piped)) as AsyncIterable<Buffer>) {
    for (const { stream, data } of frames.push(chunk)) {
      if (stream !== toldStream) await take(sinks, { outputs, output: stream - outputStream(0), data })
      else {
        const told = JSON.parse(data.toString('utf8')) as Told
        if (mode === 'json' && asked.call === undefined) process.stdout.write(`${JSON.stringify(told)}\n`)
        if (told.type === 'status') display.show(told.status)
        else last = told
      }
    }
  }
  if (last === undefined) throw new GalleyError('unavailable', 'the daemon broke off')
  return last
}

async function send(asked: BuildAsked, piped: Piped | undefined): Promise<Readable> {
  const request = { method: 'POST', headers: loginHeaders() } as const
  if (piped?.bytes === undefined) return await ask('/galley/v1/build', { ...request, body: asked })
  // What was uploaded can't be sent again: the daemon is started before, where none runs.
  await ask('/_ping')
  const line = Buffer.from(`${JSON.stringify(asked)}\n`)
  return await ask('/galley/v1/build', { ...request, upload: Readable.from(following(line, piped.bytes)) })
}

async function* following(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield first
  yield* rest
}

async function take(
  sinks: Map<number, Sink>,
  { outputs, output, data }: { readonly outputs: Carrying['outputs']; readonly output: number; readonly data: Buffer },
): Promise<void> {
  const sink = sinks.get(output) ?? (await sinkOf(outputs[output]?.destination))
  if (sink === undefined) throw new GalleyError('internal', `the daemon sent an output that nobody asked for: ${output}`)
  sinks.set(output, sink)
  if (data.length > 0) return await sink.write(data)
  sinks.delete(output)
  await sink.end()
}

const silent: Display = { show: () => undefined, [Symbol.dispose]: () => undefined }

function displayFor(mode: Mode, trace: Trace): Display {
  const { stderr } = process
  switch (mode) {
    case 'tty':
      return new TerminalDisplay({ stream: stderr, clock: systemClock, color: (process.env['NO_COLOR'] ?? '') === '' }, trace)
    case 'plain':
      return new PlainDisplay((text) => stderr.write(text), trace)
    case 'rawjson':
      return { ...silent, show: (status) => stderr.write(`${JSON.stringify(status)}\n`) }
    default:
      // A failure is told with what the step printed.
      return { ...silent, show: (status) => trace.take(status) }
  }
}

/** Writes the files that name the result, and its id where that is all that is wanted. */
function report(
  values: Values,
  { outputs, answer }: { outputs: readonly PlannedOutput[]; answer: Readonly<Record<string, string>> },
): void {
  const id = answer['containerimage.config.digest'] ?? answer['containerimage.digest'] ?? ''
  for (const { destination } of outputs)
    if (destination?.kind === 'layout') indexImage(destination.path, decoded(answer['containerimage.descriptor'] ?? ''), destination.names)
  for (const text of values['cache-to'] ?? []) {
    const dest = /(?:^|,)dest=([^,]*)/.exec(text)?.[1]
    const manifest = answer['cache.manifest']
    if (dest !== undefined && manifest !== undefined) indexImage(dest, JSON.parse(manifest) as { digest: string }, ['latest'])
  }
  if (values.iidfile !== undefined) writeFileSync(values.iidfile, id)
  if (values['metadata-file'] !== undefined) writeFileSync(values['metadata-file'], `${JSON.stringify(metadata(answer), undefined, 2)}\n`)
  if (values.quiet === true && !outputs.some(({ destination }) => destination?.kind === 'stdout')) process.stdout.write(`${id}\n`)
}

/** As buildx writes it: what is JSON in base64 becomes JSON. */
function metadata(answer: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [name, name === 'containerimage.descriptor' ? decoded(value) : value]),
  )
}

function decoded(base64: string): { digest: string } {
  return JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as { digest: string }
}
