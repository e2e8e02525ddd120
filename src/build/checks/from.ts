import { nearest } from '#base/nearest.ts'
import { parseImageReference } from '#base/image-reference.ts'
import type { Stage } from '../dockerfile/model.ts'
import { expandWord } from '../dockerfile/expand.ts'
import type { CheckFinding } from './finding.ts'
import type { CheckedFile } from './numbered-lines.ts'
import { namesIn } from './variables.ts'

/** Arguments that each `FROM` may use without an `ARG` (Dockerfile reference, "Automatic platform ARGs in the global scope"). */
const automatic: readonly string[] = ['TARGET', 'BUILD'].flatMap((side) =>
  ['PLATFORM', 'OS', 'ARCH', 'VARIANT'].map((part) => `${side}${part}`),
)

export function fromArguments({ file }: CheckedFile): CheckFinding[] {
  const declared = [...file.globals.flatMap(({ args }) => args.map(({ name }) => name)), ...automatic]
  return file.stages.flatMap(({ base, platform = '', place }) =>
    [...namesIn(`${base} ${platform}`, file.escape)]
      .filter((name) => !declared.includes(name))
      .map((name) => {
        const meant = nearest(name, declared)
        const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
        return { rule: 'UndefinedArgInFrom' as const, message: `FROM argument '${name}' is not declared${hint}`, place }
      }),
  )
}

/** Whether a base image has a name when nobody gives build arguments. */
export function defaultBases({ file }: CheckedFile): CheckFinding[] {
  const defaults = new Map<string, string>()
  const lookup = (name: string): string | undefined => defaults.get(name) ?? (automatic.includes(name) ? 'linux' : undefined)
  const expanded = (text: string): string => {
    try {
      return expandWord(text, { lookup, escape: file.escape })
    } catch {
      // A default that must be replaced (`${NAME:?why}`): the build itself says so where nobody does.
      return ''
    }
  }
  for (const { name, value } of file.globals.flatMap(({ args }) => args)) if (value !== undefined) defaults.set(name, expanded(value))
  return file.stages
    .filter(({ base }) => base.includes('$') && !isBase(expanded(base)))
    .map(({ base, place }) => ({
      rule: 'InvalidDefaultArgInFrom',
      message: `Default value for ARG ${base} results in empty or invalid base image name`,
      place,
    }))
}

function isBase(text: string): boolean {
  try {
    return parseImageReference(text).path !== ''
  } catch {
    return false
  }
}

export function fromPlatforms({ file }: CheckedFile): CheckFinding[] {
  return file.stages.flatMap((stage): CheckFinding[] => {
    const { platform, place } = stage
    if (platform === undefined) return []
    if (/^\$(TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(platform)) {
      const message = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`
      return [{ rule: 'RedundantTargetPlatform', message, place }]
    }
    if (platform.includes('$') || saysPlatform(stage, platform)) return []
    const message = `FROM --platform flag should not use constant value "${platform}"`
    return [{ rule: 'FromPlatformFlagConstDisallowed', message, place }]
  })
}

/** A stage that is named after its platform is one of several, among which another one chooses. */
function saysPlatform({ name = '' }: Stage, platform: string): boolean {
  return platform.split('/').some((part) => part !== '' && name.includes(part.toLowerCase()))
}
