import { GalleyError, idOf, messageOf } from '#base/error.ts'
import { hooksOf } from '#compose/model/life-hooks.ts'
import type { HookMoment, HooksByService } from '#compose/model/model.ts'
import { ask } from '../connect.ts'
import { readLines } from '../lines.ts'
import type { Progress } from '../render/progress.ts'
import { readHooks, type NamedProject } from '../project.ts'
import { say } from '../say.ts'
import { serviceOf, type ContainerRow } from './containers.ts'

const label = { declared: 'dev.galley.declared', files: 'com.docker.compose.project.config_files' } as const

/** How a declaration in the containers' label calls its hooks. */
const keys = { post_start: '"postStart":', pre_stop: '"preStop":' } as const

interface Running {
  readonly moment: HookMoment
  readonly progress: Progress
  /** Of the files, for one that doesn't carry its own. */
  readonly hooks: HooksByService
}

/** Lets the daemon run the hooks of a running container, if there are any: those that it was made with, else the files'. Throws what failed. */
export async function runHooks(row: ContainerRow, { moment, progress, hooks }: Running): Promise<void> {
  const own = row.Labels[label.declared]
  const others = own === undefined ? hooks[serviceOf(row)] : undefined
  if (own === undefined ? (others?.[moment].length ?? 0) === 0 : !own.includes(keys[moment])) return
  const body = { ...(others !== undefined && { hooks: others }) }
  for await (const line of readLines(await ask(`/galley/v1/containers/${row.Id}/hooks/${moment}`, { method: 'POST', body }))) {
    if (line.type === 'error') throw new GalleyError(line.kind, line.message, line.advice === undefined ? {} : { advice: line.advice })
    progress.draw(line)
  }
}

/**
 * The hooks of the caller's files for containers that another tool made from these: such carry none. Files that can't be read are told of,
 * and keep nothing from stopping.
 */
export async function hooksInFiles(rows: readonly ContainerRow[], values: NamedProject, directory?: string): Promise<HooksByService> {
  const bare = rows.filter(({ Labels }) => Labels[label.declared] === undefined && Labels[label.files] !== undefined)
  if (bare.length === 0) return {}
  try {
    const { files, services } = (await readHooks(values, directory)) ?? { files: [], services: {} }
    const made = new Set(bare.filter(({ Labels }) => files.some((file) => Labels[label.files]?.split(',').includes(file))).map(serviceOf))
    const all = Object.values(services).filter(({ name, postStart, preStop }) => made.has(name) && (postStart ?? preStop) !== undefined)
    return Object.fromEntries(all.map((service) => [service.name, hooksOf(service)]))
  } catch (error) {
    if (idOf(error) !== 'compose.no-file') say(`warning: the hooks of the Compose file are not run: ${messageOf(error)}`, process.stderr)
    return {}
  }
}
