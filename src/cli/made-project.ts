import { existsSync } from 'node:fs'
import { label } from '#base/compose-labels.ts'
import type { Project } from '#compose/model/model.ts'
import { nameOfProject, readProject, type NamedProject } from './project.ts'
import { containersOfServices, nameOf, type ContainerRow } from './verbs/containers.ts'

/** A project that is asked about elsewhere than where its files are: read from there, or its containers by name where they are gone. */
export type Made = { readonly project: Project } | { readonly containers: readonly string[] }

/**
 * The project that a name or a place means, as its containers' labels know it; undefined when nothing says which. Throws `not found` when
 * it has no containers, or none of these services.
 */
export async function madeProject(
  values: NamedProject,
  { directory, services }: { readonly directory: string | undefined; readonly services: readonly string[] },
): Promise<Made | undefined> {
  const name = await nameOfProject(values, directory)
  if (name === undefined) return undefined
  const rows = await containersOfServices(name, services)
  const project = await readAgain(values, name, rows)
  return project === undefined ? { containers: rows.map(nameOf) } : { project }
}

/** From the files that the newest container was made from; undefined where one is gone. */
async function readAgain(values: NamedProject, name: string, rows: readonly ContainerRow[]): Promise<Project | undefined> {
  const labels = rows.toSorted((a, b) => b.Created - a.Created)[0]?.Labels ?? {}
  const directory = labels[label.workingDirectory]
  const file = (labels[label.configFiles] ?? '').split(',').filter((path) => path !== '')
  if (directory === undefined) return undefined
  // A lone Dockerfile is no file of a project.
  const needed = file.length === 0 ? [`${directory}/Dockerfile`] : [directory, ...file]
  if (!needed.every((path) => existsSync(path))) return undefined
  if (file.length === 0) return await readProject({ ...values, 'project-name': name }, directory)
  return await readProject({ ...values, file, 'project-name': name, 'project-directory': directory })
}
