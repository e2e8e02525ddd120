import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { askJson } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { outputOptions, tell } from '../output.ts'
import { requiredName } from '../project.ts'
import { table } from '../render/table.ts'
import { containerOf, containersIfAny, nameOf, serviceOf, type ContainerRow } from './containers.ts'

const topSyntax = {
  usage: 'top [SERVICE…]',
  does: "The processes of a project's containers.",
  operands: Infinity,
  options: { ...projectOptions, ...outputOptions },
} as const satisfies Syntax

export const top: Command = {
  syntax: topSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, topSyntax)
    const rows = (await containersIfAny(await requiredName(values), positionals, values)).filter(({ State }) => State === 'running')
    const found = await Promise.all(rows.map(processesOf))
    await tell({ data: found.map(dataOf), names: found.flatMap(pidsOf), text: () => found.map(textOf).join('\n') }, values)
    return 0
  },
}

interface Processes {
  readonly container: string
  readonly service: string
  /** Heads of the columns, as ps(1) calls them. */
  readonly titles: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

async function processesOf(row: ContainerRow): Promise<Processes> {
  const { Titles, Processes } = await askJson<{ Titles: string[]; Processes: string[][] }>(`/containers/${row.Id}/top`)
  return { container: nameOf(row), service: serviceOf(row), titles: Titles, rows: Processes }
}

function textOf({ container, titles, rows }: Processes): string {
  return `${container}\n${table(titles, rows)}`
}

function dataOf({ container, service, titles, rows }: Processes): object {
  const processes = rows.map((row) => Object.fromEntries(titles.map((title, at) => [title, row[at] ?? ''])))
  return { Container: container, Service: service, Processes: processes }
}

function pidsOf({ titles, rows }: Processes): string[] {
  return rows.map((row) => row[titles.indexOf('PID')] ?? '')
}

const portSyntax = {
  usage: 'port SERVICE PORT',
  does: "Where a service's port is published: ADDRESS:PORT.",
  operands: 2,
  options: {
    ...projectOptions,
    protocol: { type: 'string', value: 'tcp|udp', does: 'the protocol (tcp)' },
    index: { type: 'string', value: 'N', does: 'the container of this number' },
    ...outputOptions,
  },
} as const satisfies Syntax

export const port: Command = {
  syntax: portSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, portSyntax)
    const [service, number] = positionals
    if (service === undefined || number === undefined)
      throw new GalleyError('invalid', 'galley port takes a service and a port', { code: 'cli.arguments' })
    const { Ports, State } = await containerOf(await requiredName(values), service, values.index)
    const [wanted = '', protocol = values.protocol ?? 'tcp'] = number.split('/')
    const found = Ports.find((one) => one.PrivatePort === Number(wanted) && one.Type === protocol && one.PublicPort !== undefined)
    if (found === undefined) {
      const published = Ports.filter(({ PublicPort }) => PublicPort !== undefined).map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`)
      throw new GalleyError('not found', `no port ${wanted}/${protocol} for service ${service}`, {
        code: 'compose.no-port',
        subject: number,
        advice:
          State !== 'running'
            ? `It is not running: galley why ${service}.`
            : published.length > 0
              ? `Published is ${[...new Set(published)].join(', ')}.`
              : 'It publishes none.',
      })
    }
    const host = found.IP?.includes(':') === true ? `[${found.IP}]` : found.IP
    const address = `${host}:${found.PublicPort}`
    const data = { URL: found.IP ?? '', TargetPort: found.PrivatePort, PublishedPort: found.PublicPort, Protocol: found.Type }
    await tell({ data, names: [address], text: () => `${address}\n` }, values)
    return 0
  },
}
