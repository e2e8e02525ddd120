import { posix } from 'node:path'
import type { Ignores } from '../context/ignore.ts'
import type { Instruction } from '../dockerfile/model.ts'
import type { CheckFinding } from './finding.ts'
import type { CheckedFile } from './numbered-lines.ts'

/** `all` says that the ignore file lets nothing in, so that the context itself is empty. */
export function ignoredFiles({ file }: CheckedFile, ignored: { readonly ignores: Ignores; readonly all: boolean }): CheckFinding[] {
  return file.stages.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) => {
      if (instruction.keyword !== 'add' && instruction.keyword !== 'copy') return []
      if (instruction.keyword === 'copy' && instruction.from !== undefined) return []
      const name = instruction.keyword.toUpperCase()
      return ignoredSources(instruction.sources, ignored).map((source) => ({
        rule: 'CopyIgnoredFile' as const,
        message: `Attempting to ${name} file "${source}" that is excluded by .dockerignore`,
        place: instruction.place,
      }))
    }),
  )
}

/** Addresses, patterns and what holds variables may stand for anything. */
function ignoredSources(sources: readonly string[], { ignores, all }: { readonly ignores: Ignores; readonly all: boolean }): string[] {
  return sources.filter((source) => {
    const path = posix.normalize(source).replace(/^\/+|\/+$/g, '')
    if (/[$*?[]|^[a-z]+:\/\/|^git@/.test(source) || path.startsWith('..')) return false
    return path === '' || path === '.' ? all : ignores(path)
  })
}

/** A relative `WORKDIR` is below one that the base image, and so somebody else, decides about. */
export function relativeDirectories({ file }: CheckedFile): CheckFinding[] {
  const absolute = new Map<string, boolean>()
  return file.stages.flatMap(({ name, base, instructions }) => {
    let known = absolute.get(base.toLowerCase()) === true
    const found: CheckFinding[] = []
    for (const { value, place } of instructions.filter((each): each is Instruction<'workdir'> => each.keyword === 'workdir')) {
      if (!value.startsWith('/') && !value.startsWith('$') && !known)
        found.push({
          rule: 'WorkdirRelativePath',
          message: `Relative workdir "${value}" can have unexpected results if the base image changes`,
          place,
        })
      known ||= value.startsWith('/') || value.startsWith('$')
    }
    if (name !== undefined) absolute.set(name, known)
    return found
  })
}
