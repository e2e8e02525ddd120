import { Readable } from 'node:stream'
import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { FrameBuffer } from '#base/frame-buffer.ts'
import type { BuildAsked } from '#faces/galley/build/asked.ts'
import { outputStream, toldStream, type Told } from '#faces/galley/build/told.ts'
import { ask, brokeOff } from '../connect.ts'
import { loginHeaders } from '../logins.ts'
import { onInterrupt } from '../progress.ts'
import type { Display } from './display.ts'
import { enter, tellWhere } from './failed-step.ts'
import type { PlannedOutput } from './outputs.ts'
import { PlainDisplay } from './plain.ts'
import { sinkOf, type Sink } from './sinks.ts'
import type { Piped } from './stdin.ts'
import { TerminalDisplay } from './terminal.ts'
import type { Trace } from './trace.ts'

export type Mode = 'tty' | 'plain' | 'quiet' | 'rawjson' | 'json'

/** How a build ended, and whether its failure was shown already. */
export type Ending = Extract<Told, { type: 'end' }> | (Extract<Told, { type: 'error' }> & { readonly isShown: boolean })

export interface Following {
  readonly mode: Mode
  readonly outputs: readonly PlannedOutput[]
  readonly trace: Trace
}

/** Has the daemon build, shows how, writes the outputs, and resolves with how it ended. Throws `unavailable` when the daemon breaks off. */
export async function follow(asked: BuildAsked, piped: Piped | undefined, { mode, outputs, trace }: Following): Promise<Ending> {
  const sinks = new Map<number, Sink>()
  using display = asked.call === undefined ? displayFor(mode, trace) : silent
  using interrupts = onInterrupt(display, 'steps that are done stay in the cache.')
  const began = systemClock.now()
  let isShown = false
  for await (const { stream, data } of framesOf(await send(asked, piped))) {
    if (stream !== toldStream) {
      await take(sinks, { outputs, output: stream - outputStream(0), data })
      continue
    }
    const told = JSON.parse(data.toString('utf8')) as Told
    if (mode === 'json' && asked.call === undefined)
      process.stdout.write(
        `${JSON.stringify({ ...told, ms: systemClock.now() - began, ...(told.type === 'error' && { error: told.message }) })}\n`,
      )
    switch (told.type) {
      case 'status':
        if (!isShown) display.show(told.status)
        break
      case 'failed step':
        display.show(told.status)
        display[Symbol.dispose]()
        isShown = true
        if (told.keptFor === undefined) {
          // What is typed, Ctrl-C too, is the shell's.
          interrupts[Symbol.dispose]()
          await enter(told, trace)
          break
        }
        tellWhere(told, trace)
        return { type: 'error', ...told.failure, isShown }
      case 'end':
        return told
      case 'error':
        return { ...told, isShown }
    }
  }
  throw brokeOff()
}

async function* framesOf(stream: Readable): AsyncGenerator<{ readonly stream: number; readonly data: Buffer }, void> {
  const frames = new FrameBuffer()
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield* frames.push(chunk)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? brokeOff(error) : error
  }
}

async function send(asked: BuildAsked, piped: Piped | undefined): Promise<Readable> {
  const request = { method: 'POST', headers: loginHeaders() } as const
  if (piped?.bytes === undefined) return await ask('/galley/v1/build', { ...request, body: asked })
  const line = Buffer.from(`${JSON.stringify(asked)}\n`)
  return await ask('/galley/v1/build', { ...request, upload: Readable.from(following(line, piped.bytes)) })
}

async function* following(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield first
  yield* rest
}

interface Taken {
  readonly outputs: readonly PlannedOutput[]
  readonly output: number
  readonly data: Buffer
}

async function take(sinks: Map<number, Sink>, { outputs, output, data }: Taken): Promise<void> {
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
      return {
        ...silent,
        show(status) {
          trace.take(status)
          stderr.write(`${JSON.stringify(status)}\n`)
        },
      }
    default:
      // A failure is told with what the step printed.
      return { ...silent, show: (status) => trace.take(status) }
  }
}
