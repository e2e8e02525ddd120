import type { IncomingMessage } from 'node:http'
import { GalleyError } from '#base/error.ts'
import { ask } from './connect.ts'
import { parseOptions, projectOptions } from './options.ts'
import { nameOfProject } from './project.ts'
import { containersOf, nameOf, type ContainerRow } from './ps.ts'
import { pad, widthOf } from './render/width.ts'

const usage = 'galley logs [-f] [-n LINES] [--file FILE]… [-p NAME] [SERVICE…]'
const options = {
  'project-name': projectOptions['project-name'],
  file: { type: 'string', multiple: true },
  follow: { type: 'boolean', short: 'f' },
  tail: { type: 'string', short: 'n' },
} as const

/** `galley logs`: what the project's containers wrote, each line under its container's name. */
export async function logs(args: readonly string[]): Promise<number> {
  const { values, positionals: services } = parseOptions(args, options, usage)
  const project = await nameOfProject({ directory: undefined, files: values.file ?? [], projectName: values['project-name'] })
  if (project === undefined) throw new GalleyError('not found', 'no Compose file and no Dockerfile here', { advice: usage })
  const all = await containersOf(project, true)
  const unknown = services.find((service) => !all.some((row) => serviceOf(row) === service))
  if (unknown !== undefined) throw new GalleyError('not found', `no such service: ${unknown}`, { subject: unknown })
  const shown = all.filter((row) => services.length === 0 || services.includes(serviceOf(row)))
  const column = Math.max(0, ...shown.map((row) => widthOf(nameOf(row))))
  const query = `stdout=1&stderr=1&follow=${values.follow === true ? 1 : 0}&tail=${values.tail ?? 'all'}`
  await Promise.all(shown.map(async (row) => show(await ask(`/containers/${row.Id}/logs?${query}`), `${pad(nameOf(row), column)}  | `)))
  return 0
}

function serviceOf({ Labels }: ContainerRow): string {
  return Labels['com.docker.compose.service'] ?? ''
}

/** Writes whole lines only, so that containers don't cut into each other's. */
async function show(response: IncomingMessage, prefix: string): Promise<void> {
  const framed = response.headers['content-type'] === 'application/vnd.docker.multiplexed-stream'
  const rest = { stdout: '', stderr: '' }
  const put = (stream: 'stdout' | 'stderr', text: string): void => {
    const lines = (rest[stream] + text).split('\n')
    rest[stream] = lines.pop() ?? ''
    for (const line of lines) process[stream].write(`${prefix}${line}\n`)
  }
  for await (const { stream, data } of framed ? unframe(response) : plain(response)) put(stream, data.toString('utf8'))
  for (const stream of ['stdout', 'stderr'] as const) if (rest[stream] !== '') put(stream, '\n')
}

interface Piece {
  readonly stream: 'stdout' | 'stderr'
  readonly data: Buffer
}

async function* plain(response: IncomingMessage): AsyncGenerator<Piece> {
  for await (const data of response) yield { stream: 'stdout', data: data as Buffer }
}

/** The attach framing: stream, three zero bytes, length, data (Engine API, ContainerAttach). */
async function* unframe(response: IncomingMessage): AsyncGenerator<Piece> {
  const headerLength = 8
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of response) {
    held = Buffer.concat([held, chunk as Buffer])
    while (held.length >= headerLength) {
      const end = headerLength + held.readUInt32BE(4)
      if (held.length < end) break
      yield { stream: held[0] === 2 ? 'stderr' : 'stdout', data: held.subarray(headerLength, end) }
      held = held.subarray(end)
    }
  }
}
