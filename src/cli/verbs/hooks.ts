import { label } from '#base/compose-labels.ts'
import { GalleyError, idOf, messageOf } from '#base/error.ts'
import { hooksOf } from '#compose/model/life-hooks.ts'
import type { HookMoment, HooksByService } from '#compose/model/model.ts'
import { ask } from '../connect.ts'
import { readLines } from '../lines.ts'
import type { Progress } from '../render/progress.ts'
import { readHooks, type NamedProject } from '../project.ts'
import { say } from '../say.ts'
import { serviceOf, type ContainerRow } from './containers.ts'

/** How a declaration in the containers' label calls its hooks. */
const keys = { post_start: '"postStart":', pre_stop: '"preStop":' } as const

interface Running {
  readonly moment: HookMoment
  readonly progress: Progress
  /** Of the files: they count before those that it was made with. */
  readonly hooks: HooksByService
  /** Told of each line that they print. */
  readonly printed?: ((row: ContainerRow, line: string) => void) | undefined
}

/** Lets the daemon run the hooks of a running container, if there are any: the files', else those that it was made with. Throws what failed. */
export async function runHooks(row: ContainerRow, { moment, progress, hooks, printed }: Running): Promise<void> {
  const others = hooks[serviceOf(row)]
  if (others === undefined ? row.Labels[label.declared]?.includes(keys[moment]) !== true : others[moment].length === 0) return
  const body = { ...(others !== undefined && { hooks: others }) }
  for await (const line of readLines(await ask(`/galley/v1/containers/${row.Id}/hooks/${moment}`, { method: 'POST', body }))) {
    if (line.type === 'error') throw new GalleyError(line.kind, line.message, line.advice === undefined ? {} : { advice: line.advice })
    if (line.type === 'output' && printed !== undefined) printed(row, line.text)
    else progress.draw(line)
  }
}

/**
 * The hooks of the caller's files for containers that were made from these, by another tool or with hooks of their own: what was wrong with
 * a hook may have been mended since. Files that can't be read are told of, and keep nothing from stopping.
 */
export async function hooksInFiles(rows: readonly ContainerRow[], values: NamedProject, directory?: string): Promise<HooksByService> {
  const asked = rows.filter(({ Labels }) => Labels[label.configFiles] !== undefined && mayHaveHooks(Labels[label.declared]))
  if (asked.length === 0) return {}
  try {
    const { files, services } = (await readHooks(values, directory)) ?? { files: [], services: {} }
    // Files that are named with -f are meant for the project, whatever it was made from.
    const isMeant = values.file !== undefined
    const made = new Set(
      asked.filter(({ Labels }) => isMeant || files.some((file) => Labels[label.configFiles]?.split(',').includes(file))).map(serviceOf),
    )
    const all = Object.values(services).filter(({ name }) => made.has(name))
    return Object.fromEntries(all.map((service) => [service.name, hooksOf(service)]))
  } catch (error) {
    const isBare = asked.some(({ Labels }) => Labels[label.declared] === undefined)
    if (isBare && idOf(error) !== 'compose.no-file')
      say(`warning: the hooks of the Compose file are not run: ${messageOf(error)}`, process.stderr)
    return {}
  }
}

/** Of its declaration; one that another tool made has none. */
function mayHaveHooks(declared: string | undefined): boolean {
  return declared === undefined || Object.values(keys).some((key) => declared.includes(key))
}
