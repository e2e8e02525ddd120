import { lstatSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs'
import ignore from '@balena/dockerignore'
import { GalleyError } from '#base/error.ts'
import { resolveInRoot } from '#host/files/resolve.ts'
import { checkTextSize } from './text-file.ts'

/** Whether a path is left out, by the rules of `.dockerignore` (the last rule that fits decides). */
export type Ignores = (path: string) => boolean

// The package's types call it a default export, while it exports the function itself.
const create = ignore as unknown as typeof ignore.default

/** A matcher for the lines of a `.dockerignore`. */
export function ignoring(lines: readonly string[]): Ignores {
  const matcher = create({ ignorecase: false }).add([...lines])
  return (path) => matcher.ignores(path)
}

/** Takes what the lines of an ignore file exclude out of an unpacked context. A directory stays while it holds something that a later rule lets in again. */
export function applyIgnoreLines(root: string, lines: readonly string[]): void {
  if (lines.length > 0) prune(root, '', ignoring(lines))
}

/** The rules in an ignore file's text. Throws `invalid` for one that lets nothing in again. */
export function ignoreLines(text: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (lines.some((line) => line.trim() === '!'))
    throw new GalleyError('invalid', 'illegal exclusion pattern: "!"', { code: 'context.ignore' })
  return lines
}

/** Returns whether the directory is empty afterwards. */
function prune(root: string, directory: string, ignores: Ignores): boolean {
  let left = 0
  for (const name of readdirSync(`${root}/${directory}`)) {
    const path = directory === '' ? name : `${directory}/${name}`
    const isDirectory = lstatSync(`${root}/${path}`).isDirectory()
    const empty = isDirectory && prune(root, path, ignores)
    if (!ignores(path) || (isDirectory && !empty)) left++
    else if (isDirectory) rmdirSync(`${root}/${path}`)
    else unlinkSync(`${root}/${path}`)
  }
  return left === 0
}

/** The content of a file below `root`, whose links lead nowhere outside; undefined when there is none. */
export function readInTree(root: string, path: string): string | undefined {
  const real = resolveInRoot(root, path)
  const stat = lstatSync(real, { throwIfNoEntry: false })
  if (stat?.isFile() !== true) return undefined
  checkTextSize(path, stat.size)
  return readFileSync(real, 'utf8')
}
