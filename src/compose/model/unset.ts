import { existsSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'

/** Names by which projects hand out a `.env` to begin with. */
const beginnings = ['.env.example', '.env.sample', '.env.dist', '.env.template', '.env-example', 'env.example', 'example.env', 'sample.env']

/**
 * What went wrong at a place where variables had no value is mended by giving them one. `warnings` are those of `interpolated`; `directory`
 * is where the project's `.env` belongs. Returns any other error as it is.
 */
export function blamingUnset(error: unknown, warnings: readonly string[], directory: string): unknown {
  if (!(error instanceof GalleyError) || error.code !== 'compose.invalid') return error
  const names = warnings.flatMap((warning) => {
    const [, place, name] = /^(.*): The "(\w+)" variable is not set\./.exec(warning) ?? []
    return place !== undefined && name !== undefined && error.message.startsWith(`${place}: `) ? [name] : []
  })
  if (names.length === 0) return error
  return new GalleyError(error.kind, error.message, { ...details(error), advice: adviceFor([...new Set(names)].join(', '), directory) })
}

function adviceFor(names: string, directory: string): string {
  const beginning = beginnings.find((name) => existsSync(`${directory}/${name}`))
  return beginning === undefined || existsSync(`${directory}/.env`)
    ? `Set ${names} in the environment or in the .env file.`
    : `Nothing is set for ${names}: copy ${beginning} to .env, and look through it.`
}

function details({ code, subject, cause }: GalleyError): { readonly code?: string; readonly subject?: string; readonly cause?: unknown } {
  return { ...(code !== undefined && { code }), ...(subject !== undefined && { subject }), ...(cause !== undefined && { cause }) }
}
