import { existsSync, statSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { mainFile } from '#compose/model/find.ts'
import { directoryAndServices } from '../project.ts'
import { dockerfileIn, isAddress } from './contexts.ts'
import type { Values } from './request.ts'
import { imageOptions } from './syntax.ts'

/** Options that only mean something for a project. */
const projectAlone = ['profile', 'env-file', 'project-directory', 'project-name', 'verbose', 'dry-run'] as const

/**
 * What of its two meanings `galley build` has: the context of one image, or undefined for a project's services. An address and `-` are
 * a context; so is a directory with a Dockerfile, unless it is a word that the project here has for a service. Throws `invalid` for
 * options of both.
 */
export function contextOf(values: Values, operands: readonly string[]): string | undefined {
  const ofImage = Object.keys(imageOptions).find((name) => values[name as keyof typeof imageOptions] !== undefined)
  const ofProject = projectAlone.find((name) => values[name] !== undefined)
  const [operand, ...others] = operands
  if (ofImage !== undefined) {
    if (ofProject !== undefined) throw new GalleyError('invalid', `--${ofImage} is for one image, --${ofProject} for a project`)
    if (operand === undefined || others.length > 0)
      throw new GalleyError('invalid', `with --${ofImage}, galley build takes one path, address, or -`, {
        advice: `galley build --${ofImage} … .`,
      })
    return operand
  }
  if (ofProject !== undefined || operand === undefined || others.length > 0) return undefined
  if (operand === '-' || isAddress(operand)) return operand
  const { directory } = directoryAndServices(operands)
  if (directory === undefined) return undefined
  return isImageIn(directory, values.file ?? []) ? directory : undefined
}

/** A directory without a Dockerfile may be that of a project; what is wrong with one that is neither is said of an image. */
function isImageIn(directory: string, files: readonly string[]): boolean {
  if (files.length > 1 || files.some((file) => /\.ya?ml$/.test(file))) return false
  if (statSync(directory, { throwIfNoEntry: false })?.isFile() === true) return false
  return files.length > 0 || existsSync(dockerfileIn(directory)) || mainFile(directory) === undefined
}
