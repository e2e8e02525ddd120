import type { IncomingMessage } from 'node:http'
import { GalleyError } from '#base/error.ts'
import { FrameBuffer, type Frame } from '#base/frame-buffer.ts'
import { systemClock } from '#base/clock.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { parseOptions, projectOptions, withoutLetters } from '../options.ts'
import { formOf, outputOptions, tellEach, type Form } from '../output.ts'
import { directoryAndServices, requiredName } from '../project.ts'
import { secondsOf } from '../time.ts'
import { written } from '../written.ts'
import { containersOfServices, nameOf, numberOf, serviceOf, type ContainerRow } from './containers.ts'
import { pad, widthOf } from '../render/width.ts'

const syntax = {
  usage: 'logs [DIR] [SERVICE…]',
  does: "Prints what a project's containers wrote, each line under its container's name.",
  operands: Infinity,
  options: {
    // -f is taken here.
    ...withoutLetters(projectOptions, 'f'),
    follow: { type: 'boolean', short: 'f', does: 'go on with what they write from now on' },
    tail: { type: 'string', short: 'n', value: 'LINES', does: 'only the last lines of each' },
    since: { type: 'string', value: 'TIME', does: 'only what was written after a time, or in the last 10m, 2h, …' },
    until: { type: 'string', value: 'TIME', does: 'only what was written before it' },
    timestamps: { type: 'boolean', short: 't', does: 'when each line was written' },
    index: { type: 'string', value: 'N', does: "only the service's container of this number" },
    'no-color': { type: 'boolean', does: 'prefixes without colour' },
    'no-log-prefix': { type: 'boolean', does: 'lines as they were written' },
    ...outputOptions,
  },
} as const satisfies Syntax

export const logs: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const { directory, services } = directoryAndServices(positionals)
    const form = formOf(values)
    const wanted = (row: ContainerRow): boolean => values.index === undefined || numberOf(row) === Number(values.index)
    const rows = (await containersOfServices(await requiredName(values, directory), services)).filter(wanted)
    await showLogs(rows, {
      query: new URLSearchParams({
        follow: values.follow === true ? '1' : '0',
        tail: tailOf(values.tail),
        timestamps: values.timestamps === true || form !== 'text' ? '1' : '0',
        ...(values.since !== undefined && { since: secondsOf(values.since) }),
        ...(values.until !== undefined && { until: secondsOf(values.until) }),
      }),
      form,
      prefix: values['no-log-prefix'] !== true,
      color: values['no-color'] !== true && process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
    })
    return 0
  },
}

/** Throws `invalid`: the engine takes what is no number for all. */
function tailOf(text = 'all'): string {
  if (/^(all|-?\d+)$/.test(text)) return text
  throw new GalleyError('invalid', `--tail takes a number of lines, or all, not "${text}"`, { code: 'cli.option-value', subject: text })
}

interface Shown {
  /** Of `GET /containers/{id}/logs`. */
  readonly query: URLSearchParams
  /** As programs get it: each line as a `LogLine`. `query` asks for times then. */
  readonly form?: Form
  readonly prefix: boolean
  readonly color: boolean
  /** What is shown on in the place of a container that ended; nothing when absent. */
  readonly next?: (row: ContainerRow) => Promise<ContainerRow | undefined>
}

/** Cyan, yellow, green, magenta, blue, and their bright ones. */
const colors = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94]

/** A line of a container's output, for programs. */
interface LogLine {
  readonly container: string
  readonly service: string
  readonly stream: 'stdout' | 'stderr'
  /** RFC 3339, in nanoseconds. */
  readonly time: string
  readonly line: string
}

type Put = (line: string, stream: LogLine['stream']) => Promise<void>

/** Shows what containers write, until all of them have ended where it follows. */
export async function showLogs(rows: readonly ContainerRow[], { query, form = 'text', prefix, color, next }: Shown): Promise<void> {
  const column = Math.max(0, ...rows.map((row) => widthOf(nameOf(row))))
  await Promise.all(
    rows.map(async (row, index) => {
      const name = `${pad(nameOf(row), column)}  | `
      const head = !prefix ? '' : color ? `\x1b[${colors[index % colors.length]}m${name}\x1b[0m` : name
      const put: Put = form === 'text' ? (line, stream) => written(process[stream], `${head}${line}\n`) : putTyped(row, form)
      for (let [shown, since]: [ContainerRow | undefined, string] = [row, '']; shown !== undefined;) {
        await show(await ask(`/containers/${shown.Id}/logs?stdout=1&stderr=1&${query}${since}`), put)
        const over = systemClock.now() / 1000
        const { Id }: ContainerRow = shown
        shown = await next?.(shown)
        since = shown?.Id === Id ? `&since=${over}` : ''
      }
    }),
  )
}

function putTyped(row: ContainerRow, form: Form): Put {
  return (text, stream) => {
    const [, time = '', line = ''] = /^(\S*) ?(.*)$/s.exec(text) ?? []
    const data: LogLine = { container: nameOf(row), service: serviceOf(row), stream, time, line }
    return tellEach({ data, names: [data.container], text: () => text }, form)
  }
}

/** Puts whole lines only, so that containers don't cut into each other's. */
async function show(response: IncomingMessage, put: Put): Promise<void> {
  const outputs = { stdout: new WholeLines(), stderr: new WholeLines() } as const
  for await (const { stream, data } of framesOf(response)) {
    const name = stream === 2 ? 'stderr' : 'stdout'
    for (const line of outputs[name].push(data)) await put(line, name)
  }
  for (const name of ['stdout', 'stderr'] as const) if (outputs[name].rest !== '') await put(outputs[name].rest, name)
}

/** A character may come in two pieces. */
class WholeLines {
  readonly #decoder = new TextDecoder()
  readonly #lines = new LineBuffer()

  push(data: Buffer): string[] {
    return this.#lines.push(this.#decoder.decode(data, { stream: true }))
  }

  get rest(): string {
    return this.#lines.rest
  }
}

/** A container with a terminal has one stream, without frames. */
async function* framesOf(response: IncomingMessage): AsyncGenerator<Frame> {
  const framed = response.headers['content-type'] === 'application/vnd.docker.multiplexed-stream'
  const frames = new FrameBuffer()
  for await (const chunk of response as AsyncIterable<Buffer>)
    if (framed) yield* frames.push(chunk)
    else yield { stream: 1, data: chunk }
}
