import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { nearest } from '#base/nearest.ts'
import { ignoreLines, ignoring } from '#build/context/ignore.ts'
import type { Build } from '#compose/model/model.ts'

/** Why a `COPY` or `ADD` did not find what it names in the context, as far as the caller's files tell. */
export type CopyProblem =
  /** It is there, and a line of the ignore file keeps it out. */
  | { readonly kind: 'ignored'; readonly path: string; readonly file: string; readonly line: number; readonly text: string }
  /** It is not there; `near` is what may be meant, as it would be written, and `outside` where it is above the context. */
  | { readonly kind: 'absent'; readonly path: string; readonly context: string; readonly near?: string; readonly outside?: string }

/** What a failed build looked for in its context, as the builder names it; undefined for another failure. */
export function pathNotInContext(message: string): string | undefined {
  return /excluded by \.dockerignore: stat (.+): file does not exist$/.exec(message)?.[1]
}

/** `path` as the builder names it, below the context. Undefined where the context is no directory here. */
export function copyProblem({ context, dockerfile }: Pick<Build, 'context' | 'dockerfile'>, path: string): CopyProblem | undefined {
  if (!isAbsolute(context)) return undefined
  const own = path.replace(/^\/+/, '')
  const place = resolve(context, own)
  if (existsSync(place)) return ignoredBy({ context, dockerfile }, own)
  const near = nearestIn(context, own)
  const outside = join(dirname(context), own)
  return {
    kind: 'absent',
    path: own,
    context,
    ...(near !== undefined && { near }),
    ...(near === undefined && existsSync(outside) && { outside }),
  }
}

/** The first rule that alone keeps it out. */
function ignoredBy({ context, dockerfile }: Pick<Build, 'context' | 'dockerfile'>, path: string): CopyProblem | undefined {
  const file = [`${resolve(context, dockerfile)}.dockerignore`, join(context, '.dockerignore')].find((one) => existsSync(one))
  if (file === undefined) return undefined
  const lines = ignoreLines(readFileSync(file, 'utf8'))
  if (!ignoring(lines)(path)) return undefined
  const index = lines.findLastIndex((line) => ignoring([line])(path))
  return index < 0 ? undefined : { kind: 'ignored', path, file, line: index + 1, text: lines[index]?.trim() ?? '' }
}

/** A name in the same directory that a slip may have meant, or the same name in another case or one directory deeper. */
function nearestIn(context: string, path: string): string | undefined {
  const directory = dirname(path)
  const there = namesIn(resolve(context, directory))
  const name = nearest(basename(path), there)
  if (name !== undefined) return join(directory, name)
  return namesIn(context)
    .filter((one) => one !== 'node_modules' && !one.startsWith('.'))
    .map((one) => join(one, basename(path)))
    .find((one) => existsSync(resolve(context, one)))
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
