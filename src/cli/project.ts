import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Project } from '#compose/model/model.ts'

export interface Named {
  readonly directory: string | undefined
  readonly files: readonly string[]
  readonly projectName: string | undefined
}

/** Reads the project that a command is about, with this shell's files and environment. */
export async function readProject(named: Named): Promise<Project> {
  const { loadProject } = await import('#compose/model/load.ts')
  return loadProject(named, { directory: process.cwd(), environment: process.env })
}

/** The project's name; undefined when nothing here says which project is meant. Reads no file when the name is given. */
export async function nameOfProject(named: Named): Promise<string | undefined> {
  if (named.projectName !== undefined) return named.projectName
  const directory = resolve(named.directory ?? '.')
  const isProject = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml', 'Dockerfile'].some((name) =>
    existsSync(`${directory}/${name}`),
  )
  if (!isProject && named.files.length === 0 && named.directory === undefined && process.env['COMPOSE_FILE'] === undefined) return undefined
  return (await readProject(named)).name
}
