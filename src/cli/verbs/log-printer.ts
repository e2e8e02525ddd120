import type { IncomingMessage } from 'node:http'
import { FrameBuffer, type Frame } from '#base/frame-buffer.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import { ask } from '../connect.ts'
import { inWords } from '../words.ts'
import { written } from '../written.ts'
import { tellEach, type Form } from '../output.ts'
import { pad, widthOf } from '../render/width.ts'
import { nameInProject, nameOf, serviceOf, type ContainerRow } from './containers.ts'

/** How a container's lines look. */
export interface Looks {
  /** Of `GET /containers/{id}/logs`. */
  readonly query: URLSearchParams
  /** As programs get it: each line as a `LogLine`. `query` asks for times then. */
  readonly form?: Form
  readonly prefix: boolean
  readonly color: boolean
}

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

/** Cyan, yellow, green, magenta, blue, and their bright ones. */
const colors = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94]

/** Prints what containers write, each line under its container's name. */
export class LogPrinter {
  readonly #looks: Looks
  /** In the order in which they came; it gives them their colours. */
  readonly #names: string[]
  #column = 0

  constructor(looks: Looks, rows: readonly ContainerRow[]) {
    this.#looks = looks
    this.#names = rows.map(nameInProject)
    this.#column = Math.max(0, ...this.#names.map(widthOf))
  }

  /** Until the container has ended, where it is followed. */
  async show(row: ContainerRow, since = ''): Promise<void> {
    const { query, form = 'text' } = this.#looks
    const put: Put = form === 'text' ? this.#putText(row) : putTyped(row, form)
    await showStream(await ask(`/containers/${row.Id}/logs?stdout=1&stderr=1&${query}${since}`), put)
  }

  /** Says something of a container, for people alone. */
  tell(row: ContainerRow, text: string): void {
    if ((this.#looks.form ?? 'text') !== 'text') return
    process.stdout.write(`${this.#colored(row, nameInProject(row))} ${inWords(text)}\n`)
  }

  /** A line that a container's hook printed. */
  hook(row: ContainerRow, line: string): void {
    const name = `${nameInProject(row)} ->`
    this.#column = Math.max(this.#column, widthOf(name))
    process.stdout.write(`${this.#looks.prefix ? this.#colored(row, `${pad(name, this.#column)}  | `) : ''}${line}\n`)
  }

  #putText(row: ContainerRow): Put {
    const name = nameInProject(row)
    this.#column = Math.max(this.#column, widthOf(name))
    return (line, stream) => {
      const head = this.#looks.prefix ? this.#colored(row, `${pad(name, this.#column)}  | `) : ''
      return written(process[stream], `${head}${line}\n`)
    }
  }

  #colored(row: ContainerRow, text: string): string {
    if (!this.#looks.color) return text
    const name = nameInProject(row)
    if (!this.#names.includes(name)) this.#names.push(name)
    return `\x1b[${colors[this.#names.indexOf(name) % colors.length]}m${text}\x1b[0m`
  }
}

function putTyped(row: ContainerRow, form: Form): Put {
  return (text, stream) => {
    const [, time = '', line = ''] = /^(\S*) ?(.*)$/s.exec(text) ?? []
    const data: LogLine = { container: nameOf(row), service: serviceOf(row), stream, time, line }
    return tellEach({ data, names: [data.container], text: () => text }, form)
  }
}

/** Puts whole lines only, so that containers don't cut into each other's. */
async function showStream(response: IncomingMessage, put: Put): Promise<void> {
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
