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
  usage: 'port SERVICE [PORT]',
  does: "Where a service's port is published: ADDRESS:PORT. Without a port, all that it publishes.",
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
    if (service === undefined)
      throw new GalleyError('invalid', 'galley port takes a service, and a port if it is one', { code: 'cli.arguments' })
    const row = await containerOf(await requiredName(values), service, values)
    const published = row.Ports.filter(({ PublicPort }) => PublicPort !== undefined)
    if (number === undefined) {
      if (published.length === 0) throw notPublished(row, published, { message: `service ${service} publishes no port`, subject: service })
      const lines = published.map((one) => `${one.PrivatePort}/${one.Type} -> ${addressOf(one)}\n`)
      await tell({ data: published.map(dataOfPort), names: published.map(addressOf), text: () => lines.join('') }, values)
      return 0
    }
    const [wanted = '', protocol = values.protocol ?? 'tcp'] = number.split('/')
    const found = published.find((one) => one.PrivatePort === Number(wanted) && one.Type === protocol)
    if (found === undefined)
      throw notPublished(row, published, { message: `no port ${wanted}/${protocol} for service ${service}`, subject: number })
    await tell({ data: dataOfPort(found), names: [addressOf(found)], text: () => `${addressOf(found)}\n` }, values)
    return 0
  },
}

type Port = ContainerRow['Ports'][number]

function notPublished(
  row: ContainerRow,
  published: readonly Port[],
  { message, subject }: { readonly message: string; readonly subject: string },
): GalleyError {
  const names = [...new Set(published.map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`))]
  const some = names.length > 0 ? `Published is ${names.join(', ')}.` : 'It publishes none.'
  const advice = row.State === 'running' ? some : `It is not running: galley why ${serviceOf(row)}.`
  return new GalleyError('not found', message, { code: 'compose.no-port', subject, advice })
}

function addressOf({ IP, PublicPort }: Port): string {
  return `${IP?.includes(':') === true ? `[${IP}]` : IP}:${PublicPort}`
}

function dataOfPort({ IP, PrivatePort, PublicPort, Type }: Port): object {
  return { URL: IP ?? '', TargetPort: PrivatePort, PublishedPort: PublicPort, Protocol: Type }
}
