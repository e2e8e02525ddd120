import { label } from '#base/compose-labels.ts'
import { unknownService } from '#compose/model/unknown-service.ts'
import type { Command, Syntax } from '../command.ts'
import { askJson } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { outputOptions, tellListing, templateOption } from '../output.ts'
import { requiredName } from '../project.ts'
import { withLabels } from '../template/rows.ts'
import { containersOf, serviceOf } from './containers.ts'

const syntax = {
  usage: 'volumes [SERVICE…]',
  does: "A project's volumes, or those that the containers of services use.",
  operands: Infinity,
  options: {
    ...projectOptions,
    quiet: { type: 'boolean', short: 'q', does: 'only their names' },
    ...outputOptions,
    ...templateOption,
  },
} as const satisfies Syntax

/** A volume of `GET /volumes`. */
interface Volume {
  readonly Name: string
  readonly Driver: string
  readonly Scope: string
  readonly Mountpoint: string
  readonly Labels: Readonly<Record<string, string>> | null
}

export const volumes: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const project = await requiredName(values)
    const filters = encodeURIComponent(JSON.stringify({ label: [`${label.project}=${project}`] }))
    const { Volumes } = await askJson<{ Volumes: readonly Volume[] | null }>(`/volumes?filters=${filters}`)
    const used = positionals.length === 0 ? undefined : await usedBy(project, positionals)
    const found = (Volumes ?? []).filter(({ Name }) => used?.has(Name) ?? true)
    const rows = found.map(rowOf)
    const fieldsOf = withLabels(
      rows,
      found.map(({ Labels }) => Labels ?? {}),
    )
    if (values.quiet === true) process.stdout.write(rows.map(({ Name }) => `${Name}\n`).join(''))
    else await tellListing({ rows, name: ({ Name }) => Name, columns, templated: { ...templates, fieldsOf } }, values, 'lines')
    return 0
  },
}

const templates = {
  heads: {
    ID: 'ID',
    Name: 'VOLUME NAME',
    Group: 'GROUP',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Availability: 'AVAILABILITY',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
    Status: 'STATUS',
  },
  named: { raw: String.raw`name: {{.Name}}\ndriver: {{.Driver}}\n` },
} as const

const columns = {
  DRIVER: ({ Driver }: Row) => Driver,
  'VOLUME NAME': ({ Name }: Row) => Name,
} as const

type Row = ReturnType<typeof rowOf>

/** With the fields of `docker compose volumes --format json`; what is there for swarms and sizes is said to be unknown. */
function rowOf({ Name, Driver, Scope, Mountpoint, Labels }: Volume): Readonly<Record<string, string>> & Pick<Volume, 'Name' | 'Driver'> {
  return {
    Availability: 'N/A',
    Driver,
    Group: 'N/A',
    Labels: Object.entries(Labels ?? {})
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    Links: 'N/A',
    Mountpoint,
    Name,
    Scope,
    Size: 'N/A',
    Status: 'N/A',
  }
}

/** Names of what the services' containers have mounted. Throws `not found`. */
async function usedBy(project: string, services: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await containersOf(project, true)
  const unknown = services.find((service) => !rows.some((row) => serviceOf(row) === service))
  if (unknown !== undefined) throw unknownService(unknown, [...new Set(rows.map(serviceOf))])
  const wanted = rows.filter((row) => services.includes(serviceOf(row)))
  return new Set(wanted.flatMap(({ Mounts = [] }) => Mounts.flatMap(({ Name }) => (Name === undefined ? [] : [Name]))))
}
