import { readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { Build, Project } from '#compose/model/model.ts'
import { buildOne } from '../build/image.ts'
import { say } from '../say.ts'

/** Checks the Dockerfile of each service that is built, one after the other; resolves with the exit code, which is 1 when one of them has a warning. */
export async function checkBuilds(
  { services }: Project,
  { 'build-arg': given = [] }: { readonly 'build-arg'?: readonly string[] | undefined },
): Promise<number> {
  let code = 0
  for (const { name, build } of Object.values(services)) {
    if (build === undefined) continue
    say(`${name}:`)
    code = Math.max(code, await checkOne(build, given))
  }
  return code
}

async function checkOne(
  { context, dockerfile, dockerfileInline, args, target, additionalContexts = {} }: Build,
  given: readonly string[],
): Promise<number> {
  const isHere = isAbsolute(context)
  const text = dockerfileInline ?? (isHere ? readFileSync(resolve(context, dockerfile), 'utf8') : undefined)
  const values = {
    check: true,
    progress: 'quiet',
    file: [text === undefined ? dockerfile : '-'],
    'build-arg': [...Object.entries(args).map(([key, value]) => `${key}=${value}`), ...given],
    'build-context': Object.entries(additionalContexts).flatMap(([key, source]) =>
      source.startsWith('service:') ? [] : [`${key}=${source}`],
    ),
    ...(target !== undefined && { target }),
  }
  return await buildOne(values, context, text === undefined ? undefined : { input: { text }, bytes: undefined })
}
