import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'

interface Asked {
  /** The caller's directory. */
  readonly here: string
  /** Words behind the verb, as services; one may have been meant as a directory. */
  readonly services: readonly string[]
  readonly usualFiles: readonly string[]
}

/** For a directory that isn't there, or has nothing to run. */
export function nothingThere(base: string, { here, services, usualFiles }: Asked): GalleyError {
  if (!existsSync(base))
    return new GalleyError('not found', `there is no directory ${base}`, {
      code: 'compose.no-directory',
      subject: base,
      ...advice(base, here),
    })
  const [word] = services
  if (word !== undefined)
    return new GalleyError('not found', `there is no directory ${word}, and no Compose file in ${base} that could have it as a service`, {
      code: 'compose.no-directory',
      subject: word,
      ...advice(resolve(base, word), here),
    })
  return new GalleyError('not found', `no Compose file and no Dockerfile in ${base}`, {
    code: 'compose.no-file',
    subject: base,
    advice: `Galley looks for ${usualFiles.join(', ')} and Dockerfile; -f names another file.`,
  })
}

function advice(path: string, here: string): { readonly advice?: string } {
  const meant = nearestDirectory(path)
  return meant === undefined ? {} : { advice: `Did you mean ${relative(here, meant) || '.'}?` }
}

/** With the first of its parts that isn't there replaced by the nearest that is; undefined where that leads nowhere. */
export function nearestDirectory(path: string): string | undefined {
  const parent = dirname(path)
  if (parent === path) return undefined
  const directory = existsSync(parent) ? parent : nearestDirectory(parent)
  if (directory === undefined) return undefined
  const own = join(directory, basename(path))
  if (existsSync(own)) return own
  const name = nearest(basename(path), directoriesIn(directory))
  return name === undefined ? undefined : join(directory, name)
}

function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  } catch {
    return []
  }
}
