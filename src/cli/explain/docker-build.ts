import type { Options } from '../options.ts'
import type { Values } from '../build/request.ts'
import { buildSyntax, imageOptions } from '../build/syntax.ts'
import { inWords } from '../words.ts'
import { flags } from './flags.ts'
import { shellWords } from './shell-words.ts'

/** Options that buildx doesn't have, or has in another form. */
const own = ['debug', 'quiet'] as const

/** The docker command that builds the same image. */
export function dockerBuild(values: Values, context: string): string[] {
  const { file, 'build-arg': argument, 'no-cache': noCache, pull } = buildSyntax.options
  const options: Options = { file, 'build-arg': argument, 'no-cache': noCache, pull, ...imageOptions }
  const shared = Object.fromEntries(Object.entries(options).filter(([name]) => !own.some((each) => each === name)))
  const words = ['docker', 'buildx', 'build', ...looks(values), ...flags(shared, values, []), context]
  return [shellWords(words), ...(values.debug === true ? [inWords('# docker buildx has nothing for --debug')] : [])]
}

function looks({ quiet, json, progress }: Values): string[] {
  if (quiet === true) return ['--quiet']
  const mode = json === true || progress === 'json' ? 'rawjson' : progress
  return mode === undefined ? [] : ['--progress', mode]
}
