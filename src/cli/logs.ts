import type { IncomingMessage } from 'node:http'
import { GalleyError } from '#base/error.ts'
import { FrameBuffer, type Frame } from '#base/frame-buffer.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import type { Command, Syntax } from './command.ts'
import { ask } from './connect.ts'
import { parseOptions, projectOptions } from './options.ts'
import { requiredName } from './project.ts'
import { containersOf, nameOf, serviceOf, type ContainerRow } from './ps.ts'
import { pad, widthOf } from './render/width.ts'

const { short: _file, ...file } = projectOptions.file

const syntax = {
  usage: 'logs [SERVICE…]',
  does: "Prints what a project's containers wrote, each line under its container's name.",
  operands: Infinity,
  options: {
    // -f is taken here.
    file,
    'project-name': projectOptions['project-name'],
    follow: { type: 'boolean', short: 'f', does: 'go on with what they write from now on' },
    tail: { type: 'string', short: 'n', value: 'LINES', does: 'only the last lines of each' },
  },
} as const satisfies Syntax

export const logs: Command = {
  syntax,
  async run(args) {
    const { values, positionals: services } = parseOptions(args, syntax)
    const rows = await containersOfServices(await requiredName(values), services)
    const column = Math.max(0, ...rows.map((row) => widthOf(nameOf(row))))
    const query = `stdout=1&stderr=1&follow=${values.follow === true ? 1 : 0}&tail=${encodeURIComponent(values.tail ?? 'all')}`
    await Promise.all(rows.map(async (row) => show(await ask(`/containers/${row.Id}/logs?${query}`), `${pad(nameOf(row), column)}  | `)))
    return 0
  },
}

/** All of the project's containers when no service is named. Throws `not found`. */
async function containersOfServices(project: string, services: readonly string[]): Promise<ContainerRow[]> {
  const all = await containersOf(project, true)
  if (all.length === 0)
    throw new GalleyError('not found', `project "${project}" has no containers`, { subject: project, advice: 'galley up makes them.' })
  const names = [...new Set(all.map(serviceOf))]
  const unknown = services.find((service) => !names.includes(service))
  if (unknown !== undefined)
    throw new GalleyError('not found', `no such service: ${unknown}`, { subject: unknown, advice: `There is ${names.join(', ')}.` })
  return all.filter((row) => services.length === 0 || services.includes(serviceOf(row)))
}

/** Writes whole lines only, so that containers don't cut into each other's. */
async function show(response: IncomingMessage, prefix: string): Promise<void> {
  const outputs = { 1: new Output(process.stdout, prefix), 2: new Output(process.stderr, prefix) } as const
  for await (const { stream, data } of framesOf(response)) outputs[stream === 2 ? 2 : 1].write(data)
  for (const output of Object.values(outputs)) output.end()
}

class Output {
  readonly #stream: NodeJS.WriteStream
  readonly #prefix: string
  readonly #decoder = new TextDecoder()
  readonly #lines = new LineBuffer()

  constructor(stream: NodeJS.WriteStream, prefix: string) {
    this.#stream = stream
    this.#prefix = prefix
  }

  write(data: Buffer): void {
    for (const line of this.#lines.push(this.#decoder.decode(data, { stream: true }))) this.#line(line)
  }

  end(): void {
    if (this.#lines.rest !== '') this.#line(this.#lines.rest)
  }

  #line(text: string): void {
    this.#stream.write(`${this.#prefix}${text}\n`)
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
