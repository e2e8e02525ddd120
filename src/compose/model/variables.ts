import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { GalleyError, messageOf } from '#base/error.ts'
import { parseEnvFile } from './env-file.ts'
import { interpolate, type Lookup } from './interpolate.ts'
import { invalidAt, mapValues, placeOf, type Node } from './tree.ts'

/** Variables by name; without a prototype, for people choose the names. */
export type Variables = Readonly<Record<string, string>>

export function lookupIn(variables: Variables): Lookup {
  return (name) => variables[name]
}

/** Files put under what is already known, which wins; a later file wins over an earlier one. Throws `not found`, `invalid`. */
export function withEnvFiles(known: Variables, files: readonly string[]): Variables {
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  for (const file of files) {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
      throw new GalleyError('not found', `couldn't find env file: ${file}`, { code: 'compose.no-env-file', subject: file })
    Object.assign(found, parseEnvFile(readFileSync(file, 'utf8'), file, { shell: lookupIn(known), earlier: lookupIn(found) }))
  }
  return Object.assign(found, known)
}

/** The `.env` of a directory, unless the caller wants none. */
export function usualEnvFiles(directory: string, environment: Readonly<Record<string, string | undefined>>): string[] {
  if (/^(1|t|true)$/i.test(environment['COMPOSE_DISABLE_ENV_FILE'] ?? '')) return []
  const file = resolve(directory, '.env')
  return existsSync(file) && statSync(file).isFile() ? [file] : []
}

/** Replaces variables in values, never in keys. What has no value is added to `warnings`. Throws `invalid` with the place. */
export function interpolated(node: Node, lookup: Lookup, warnings: string[]): Node {
  if (node.kind === 'sequence') return { ...node, items: node.items.map((item) => interpolated(item, lookup, warnings)) }
  if (node.kind === 'mapping') return mapValues(node, (value) => interpolated(value, lookup, warnings))
  if (typeof node.value !== 'string' || !node.value.includes('$')) return node
  try {
    const { text, unset } = interpolate(node.value, lookup)
    for (const name of unset) warnings.push(`${placeOf(node.at)}: The "${name}" variable is not set. Defaulting to a blank string.`)
    return { ...node, value: text }
  } catch (error) {
    throw invalidAt(node.at, messageOf(error), error instanceof GalleyError ? error.advice : undefined)
  }
}

/** Marks what has variables, for those who want them left in place. */
export function leftOpen(node: Node): Node {
  if (node.kind === 'sequence') return { ...node, items: node.items.map(leftOpen) }
  if (node.kind === 'mapping') return mapValues(node, leftOpen)
  return typeof node.value === 'string' && node.value.includes('$') ? { ...node, open: true } : node
}
