import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'

export interface LoadRequest {
  /** Where to look; the caller's directory when absent. */
  readonly directory?: string | undefined
  /** Compose files to merge, in this order; the usual ones are looked for when there are none. */
  readonly files?: readonly string[]
  readonly projectName?: string | undefined
}

/** The caller's side: relative paths and variables are theirs, wherever the daemon runs. */
export interface Caller {
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

const usualFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'] as const

/** Whether a request says which project is meant: by a file that it or the environment names, or by what is in the directory. */
export function namesProject({ files = [], directory }: LoadRequest, caller: Caller): boolean {
  if (files.length > 0 || directory !== undefined || caller.environment['COMPOSE_FILE'] !== undefined) return true
  return [...usualFiles, 'Dockerfile'].some((name) => existsSync(`${caller.directory}/${name}`))
}

/** The Compose files of a project; none where there is a lone Dockerfile. Throws `not found` when there is nothing to run. */
export function findFiles({ files = [], directory }: LoadRequest, caller: Caller, base: string): string[] {
  const named = files.length > 0 ? files : directory === undefined ? (caller.environment['COMPOSE_FILE']?.split(':') ?? []) : []
  if (named.length > 0) return named.map((file) => resolve(caller.directory, file))
  if (statSync(base, { throwIfNoEntry: false })?.isFile() === true) return [base]
  const main = usualFiles.find((name) => existsSync(`${base}/${name}`))
  if (main === undefined) {
    if (existsSync(`${base}/Dockerfile`)) return []
    throw new GalleyError('not found', `no Compose file and no Dockerfile in ${base}`, {
      code: 'compose.no-file',
      subject: base,
      advice: `Galley looks for ${usualFiles.join(', ')} and Dockerfile; -f names another file.`,
    })
  }
  const stem = main.replace(/\.ya?ml$/, '')
  const override = [`${stem}.override.yml`, `${stem}.override.yaml`].find((name) => existsSync(`${base}/${name}`))
  return [main, ...(override === undefined ? [] : [override])].map((name) => `${base}/${name}`)
}
