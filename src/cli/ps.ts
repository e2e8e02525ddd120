import { askJson } from './connect.ts'
import { parseOptions, projectOptions } from './options.ts'
import { nameOfProject } from './project.ts'
import { table } from './render/table.ts'

const usage = 'galley ps [DIR] [-f FILE]… [-p NAME] [-a] [--json]'
const options = { ...projectOptions, all: { type: 'boolean', short: 'a' }, json: { type: 'boolean' } } as const

/** A row of `GET /containers/json`, as far as it is shown. */
export interface ContainerRow {
  readonly Id: string
  readonly Names: readonly string[]
  readonly Image: string
  readonly State: string
  readonly Status: string
  readonly Labels: Readonly<Record<string, string>>
  readonly Ports: readonly { readonly IP?: string; readonly PrivatePort: number; readonly PublicPort?: number; readonly Type: string }[]
}

/** `galley ps`: the containers of the project here, or all of them where there is none. */
export async function ps(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(args, options, usage)
  const project = await nameOfProject({ directory: positionals[0], files: values.file ?? [], projectName: values['project-name'] })
  const rows = (await containersOf(project, values.all === true)).toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
  if (values.json === true) process.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  else process.stdout.write(table(['NAME', 'IMAGE', 'SERVICE', 'STATUS', 'PORTS'], rows.map(cells)))
  return 0
}

/** The containers of a project, or of none in particular. */
export function containersOf(project: string | undefined, all: boolean): Promise<ContainerRow[]> {
  const filters =
    project === undefined ? '' : `&filters=${encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }))}`
  return askJson<ContainerRow[]>(`/containers/json?all=${all ? 1 : 0}${filters}`)
}

function cells({ Names, Image, Status, Labels, Ports }: ContainerRow): string[] {
  const ports = Ports.map(({ IP, PrivatePort, PublicPort, Type }) =>
    PublicPort === undefined
      ? `${PrivatePort}/${Type}`
      : `${IP?.includes(':') === true ? `[${IP}]` : (IP ?? '')}:${PublicPort}->${PrivatePort}/${Type}`,
  )
  return [nameOf({ Names }), Image, Labels['com.docker.compose.service'] ?? '', Status, ports.join(', ')]
}

/** The container's name without the slash that Docker's API puts before it. */
export function nameOf({ Names }: Pick<ContainerRow, 'Names'>): string {
  return Names[0]?.slice(1) ?? ''
}
