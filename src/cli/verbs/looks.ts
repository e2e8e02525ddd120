import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { ask, askJson } from '../connect.ts'
import { jsonLines } from '../lines.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { requiredName } from '../project.ts'
import { table } from '../render/table.ts'
import { containerOf, containersOfServices, nameOf, serviceOf } from './containers.ts'

const topSyntax = {
  usage: 'top [SERVICE…]',
  does: "The processes of a project's containers.",
  operands: Infinity,
  options: projectOptions,
} as const satisfies Syntax

export const top: Command = {
  syntax: topSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, topSyntax)
    const rows = await containersOfServices(await requiredName(values), positionals, false)
    const tables = await Promise.all(
      rows.map(async (row) => {
        const { Titles, Processes } = await askJson<{ Titles: string[]; Processes: string[][] }>(`/containers/${row.Id}/top`)
        return `${nameOf(row)}\n${table(Titles, Processes)}`
      }),
    )
    process.stdout.write(tables.join('\n'))
    return 0
  },
}

const portSyntax = {
  usage: 'port SERVICE PORT',
  does: "Where a service's port is published: ADDRESS:PORT.",
  operands: 2,
  options: {
    ...projectOptions,
    protocol: { type: 'string', value: 'tcp|udp', does: 'the protocol (tcp)' },
    index: { type: 'string', value: 'N', does: 'the container of this number' },
  },
} as const satisfies Syntax

export const port: Command = {
  syntax: portSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, portSyntax)
    const [service, number] = positionals
    if (service === undefined || number === undefined) throw new GalleyError('invalid', 'galley port takes a service and a port')
    const { Ports } = await containerOf(await requiredName(values), service, values.index)
    const [wanted = '', protocol = values.protocol ?? 'tcp'] = number.split('/')
    const found = Ports.find((one) => one.PrivatePort === Number(wanted) && one.Type === protocol && one.PublicPort !== undefined)
    if (found === undefined) {
      const published = Ports.filter(({ PublicPort }) => PublicPort !== undefined).map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`)
      throw new GalleyError('not found', `no port ${wanted}/${protocol} for service ${service}`, {
        subject: number,
        advice: published.length > 0 ? `Published is ${[...new Set(published)].join(', ')}.` : 'It publishes none.',
      })
    }
    const host = found.IP?.includes(':') === true ? `[${found.IP}]` : found.IP
    process.stdout.write(`${host}:${found.PublicPort}\n`)
    return 0
  },
}

const imagesSyntax = {
  usage: 'images [SERVICE…]',
  does: "The images that a project's containers were made from.",
  operands: Infinity,
  options: {
    ...projectOptions,
    quiet: { type: 'boolean', short: 'q', does: 'only their ids' },
    json: { type: 'boolean', does: 'as JSON, one object a line' },
  },
} as const satisfies Syntax

export const images: Command = {
  syntax: imagesSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, imagesSyntax)
    const rows = await containersOfServices(await requiredName(values), positionals)
    const short = (id: string): string => id.replace('sha256:', '').slice(0, 12)
    if (values.quiet === true) process.stdout.write([...new Set(rows.map(({ ImageID }) => ImageID))].map((id) => `${short(id)}\n`).join(''))
    else if (values.json === true)
      process.stdout.write(
        rows
          .map((row) => `${JSON.stringify({ container: nameOf(row), service: serviceOf(row), image: row.Image, id: row.ImageID })}\n`)
          .join(''),
      )
    else
      process.stdout.write(
        table(
          ['CONTAINER', 'SERVICE', 'IMAGE', 'IMAGE ID'],
          rows.map((row) => [nameOf(row), serviceOf(row), row.Image, short(row.ImageID)]),
        ),
      )
    return 0
  },
}

const eventsSyntax = {
  usage: 'events [SERVICE…]',
  does: "What happens to a project's containers from now on, until it is interrupted.",
  operands: Infinity,
  options: {
    ...projectOptions,
    json: { type: 'boolean', does: 'as JSON, one object a line' },
    since: { type: 'string', value: 'TIME', does: 'also what happened since then (seconds since the epoch)' },
    until: { type: 'string', value: 'TIME', does: 'end then' },
  },
} as const satisfies Syntax

interface EngineEvent {
  readonly Action: string
  readonly timeNano: number
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}

export const events: Command = {
  syntax: eventsSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, eventsSyntax)
    const name = await requiredName(values)
    const query = new URLSearchParams({ filters: JSON.stringify({ type: ['container'], label: [`com.docker.compose.project=${name}`] }) })
    for (const limit of ['since', 'until'] as const) if (values[limit] !== undefined) query.set(limit, values[limit])
    for await (const event of jsonLines<EngineEvent>(await ask(`/events?${query}`))) {
      const service = event.Actor.Attributes['com.docker.compose.service'] ?? ''
      if (positionals.length > 0 && !positionals.includes(service)) continue
      process.stdout.write(values.json === true ? `${JSON.stringify(event)}\n` : eventLine(event))
    }
    return 0
  },
}

function eventLine({ Action, timeNano, Actor: { ID, Attributes } }: EngineEvent): string {
  const time = new Date(timeNano / 1e6).toISOString().replace('T', ' ').replace('Z', '')
  return `${time} container ${Action} ${ID.slice(0, 12)} (name=${Attributes['name'] ?? ''}, image=${Attributes['image'] ?? ''})\n`
}
