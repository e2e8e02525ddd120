import { existsSync, readFileSync } from 'node:fs'
import { parseEnvFile, parseRawEnvFile, type Around } from './env-file.ts'
import type { Lookup } from './interpolate.ts'
import type { Position } from './model.ts'
import { fieldIn, invalidAt, isNull, mappingOf, plainText, scalar, withField, type Entry, type Mapping, type Node } from './tree.ts'
import { lookupIn, type Variables } from './variables.ts'

/**
 * The same service with what its `label_file`s, and its `env_file`s if they are to be read, say, below its own values; the names of the
 * files that were read are gone. Throws `invalid`.
 */
export function withServiceFiles(service: Mapping, variables: Variables, readsEnvFiles: boolean): Mapping {
  return withLabels(readsEnvFiles ? withEnvironment(service, variables) : service)
}

/** A typed service's environment; earlier files are variables of later ones. */
function withEnvironment(service: Mapping, variables: Variables): Mapping {
  const files = fieldIn(service, 'env_file')
  if (files?.kind !== 'sequence') return service
  const own = fieldIn(service, 'environment')
  const shell: Lookup = (name) => variables[name] ?? textIn(own, name)
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  for (const file of files.items) Object.assign(found, readEnvFile(file, { shell, earlier: lookupIn(found) }))
  return withField(withField(service, 'environment', below(found, own, files)), 'env_file', undefined)
}

function readEnvFile(node: Node, around: Around): Record<string, string> {
  const path = plainText(fieldIn(node, 'path'))
  const format = plainText(fieldIn(node, 'format'))
  if (!['', 'raw', '.env'].includes(format))
    throw invalidAt(node.at, `unsupported env_file format "${format}"`, 'Leave it out, or write raw.')
  if (existsSync(path)) return (format === 'raw' ? parseRawEnvFile : parseEnvFile)(readFileSync(path, 'utf8'), path, around)
  if (plainText(fieldIn(node, 'required')) === 'false') return {}
  throw invalidAt(node.at, `env file ${path} not found`, `Create it, or say "required: false".`)
}

function withLabels(service: Mapping): Mapping {
  const files = fieldIn(service, 'label_file')
  if (files?.kind !== 'sequence') return service
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  for (const file of files.items) {
    const path = plainText(file)
    if (!existsSync(path)) throw invalidAt(file.at, `label file ${path} not found`)
    Object.assign(found, parseEnvFile(readFileSync(path, 'utf8'), path, { shell: lookupIn(found) }))
  }
  return withField(withField(service, 'labels', below(found, fieldIn(service, 'labels'), files)), 'label_file', undefined)
}

/** A file's values under those that are written in the Compose file. They have no place there: line 0 says so. */
function below(found: Readonly<Record<string, string>>, own: Node | undefined, { at }: Node): Mapping {
  const nowhere: Position = { ...at, line: 0 }
  const entries = Object.entries(found).map(([name, value]): [string, Entry] => [name, { at: nowhere, value: scalar(value, nowhere) }])
  return mappingOf([...entries, ...(own?.kind === 'mapping' ? own.entries : [])], own?.at ?? at)
}

function textIn(node: Node | undefined, key: string): string | undefined {
  const value = fieldIn(node, key)
  return value === undefined || isNull(value) ? undefined : plainText(value)
}
