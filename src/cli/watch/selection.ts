import { existsSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import { ignoreLines, ignoring, type Ignores } from '#build/context/ignore.ts'
import type { Build, WatchRule } from '#compose/model/model.ts'
import { entriesBelow } from './entries-below.ts'

/** What is below a rule's path and never meant: what version control and editors write for themselves. */
const always = ['.git', '**/.git', '**/*.swp', '**/*~', '**/4913']

/** Whether a rule means what is at a path relative to its own; `''` is that itself, when it is a file. */
export type Selects = (path: string) => boolean

/** What a rule's own words leave out and let in, and what the ignore file of the service's build does. */
export function selectionOf(rule: WatchRule, build: Build | undefined): Selects {
  const ignores = ignoring([...always, ...rule.ignore])
  const includes = rule.include.length === 0 ? undefined : ignoring(rule.include)
  const isLeftOut = leftOutOf(build)
  return (path) => !isLeftOut(join(rule.path, path)) && (path === '' || (!ignores(path) && includes?.(path) !== false))
}

/** All that is there now and that a rule means, relative to its path; nothing where that isn't there. */
export function selected({ path }: WatchRule, selects: Selects): ReadonlySet<string> {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there === undefined) return new Set()
  const all = there.isDirectory() ? [...entriesBelow(path)].map((entry) => entry.path) : ['']
  return new Set(all.filter(selects))
}

/** Absolute paths that a build's ignore file leaves out. As in Docker Compose, one that lets in some files alone (`*`, `!…`) leaves nothing out here. */
function leftOutOf(build: Build | undefined): Ignores {
  if (build === undefined || !isAbsolute(build.context)) return () => false
  const lines = ignoreLines(ignoreFileOf(build)).map((line) => line.trim())
  if (lines.includes('*')) return () => false
  const ignores = ignoring(lines)
  return (path) => {
    const below = relative(build.context, path)
    return below !== '' && !below.startsWith('../') && ignores(below)
  }
}

/** The Dockerfile's own goes before the context's. */
function ignoreFileOf({ context, dockerfile }: Build): string {
  const path = [`${join(context, dockerfile)}.dockerignore`, join(context, '.dockerignore')].find((one) => existsSync(one))
  return path === undefined ? '' : readFileSync(path, 'utf8')
}
