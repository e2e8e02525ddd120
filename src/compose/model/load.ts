import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { GalleyError, messageOf } from '#base/error.ts'
import { flagOf, entriesOf, itemsOf, textOf, checkKeys } from './decode.ts'
import { dockerfileProject } from './dockerfile-project.ts'
import { parseEnvFile } from './env-file.ts'
import { findFiles, type Caller, type LoadRequest } from './find.ts'
import { interpolate, type Lookup } from './interpolate.ts'
import { mergeFiles, normalise } from './merge.ts'
import type { Project } from './model.ts'
import { checkedName, nameAfter } from './project-name.ts'
import { decodeProject } from './project.ts'
import { readTree } from './read.ts'
import { invalidAt, isNull, mappingOf, placeOf, type Mapping, type Node } from './tree.ts'

/**
 * Finds, reads, interpolates, merges and checks a project. Without a Compose file, a lone Dockerfile is a project of one service.
 * Throws `not found` when there is nothing to run, `invalid` and `not implemented` with file, line and column.
 */
export function loadProject(request: LoadRequest, caller: Caller): Project {
  const base = resolve(caller.directory, request.directory ?? '.')
  const found = findFiles(request, caller, base)
  const [first] = found
  const directory = first !== undefined && (request.directory === undefined || first === base) ? dirname(first) : base
  const variables = readVariables(directory, caller)
  const lookup: Lookup = (name) => caller.environment[name] ?? variables[name]
  const wished = request.projectName ?? lookup('COMPOSE_PROJECT_NAME')
  if (found.length === 0) return dockerfileProject(directory, nameOf(wished, directory))
  const warnings: string[] = []
  const trees = found.map((file) => interpolated(readOne(file), lookup, warnings))
  const document = trees.slice(1).reduce(mergeFiles, normalise(trees[0] as Node))
  if (document.kind !== 'mapping') throw invalidAt(document.at, 'a Compose file must be a mapping')
  const version = document.entries.get('version')
  if (version !== undefined)
    warnings.push(
      `${placeOf(version.at)}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
    )
  return decodeProject(document, {
    project: nameOf(wished ?? textOf(document.entries.get('name')?.value, 'name'), directory),
    directory,
    files: found,
    warnings: [...new Set(warnings)],
    lookup,
    fileVariables: readEnvFiles(document, directory, lookup),
  })
}

function nameOf(wished: string | undefined, directory: string): string {
  return wished === undefined ? nameAfter(directory) : checkedName(wished)
}

function readOne(file: string): Node {
  try {
    return readTree(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if (error instanceof GalleyError) throw error
    throw new GalleyError('not found', `${file} can't be read: ${messageOf(error)}`, {
      code: 'compose.no-file',
      subject: file,
      cause: error,
    })
  }
}

/** `.env` beside the Compose file. */
function readVariables(directory: string, { environment }: Caller): Record<string, string> {
  const file = `${directory}/.env`
  return existsSync(file) ? parseEnvFile(readFileSync(file, 'utf8'), file, (name) => environment[name]) : {}
}

/** Replaces variables in values, never in keys, before files are merged. */
function interpolated(node: Node, lookup: Lookup, warnings: string[]): Node {
  if (node.kind === 'sequence') return { ...node, items: node.items.map((item) => interpolated(item, lookup, warnings)) }
  if (node.kind === 'mapping')
    return mappingOf(
      [...node.entries].map(([key, { at, value }]) => [key, { at, value: interpolated(value, lookup, warnings) }] as const),
      node.at,
    )
  if (typeof node.value !== 'string' || !node.value.includes('$')) return node
  try {
    const { text, unset } = interpolate(node.value, lookup)
    for (const name of unset) warnings.push(`${placeOf(node.at)}: The "${name}" variable is not set. Defaulting to a blank string.`)
    return { ...node, value: text }
  } catch (error) {
    throw invalidAt(node.at, messageOf(error), error instanceof GalleyError ? error.advice : undefined)
  }
}

/** Reads every service's `env_file`s, later ones over earlier ones. */
function readEnvFiles(document: Mapping, directory: string, lookup: Lookup): Map<string, Record<string, string>> {
  const services = entriesOf(document.entries.get('services')?.value, 'services')
  return new Map(
    [...services].map(([name, { value }]) => {
      const files = value.kind === 'mapping' ? itemsOf(value.entries.get('env_file')?.value, `services.${name}.env_file`) : []
      return [name, Object.assign({}, ...files.map((file) => readEnvFile(file, directory, lookup)))]
    }),
  )
}

function readEnvFile(node: Node, directory: string, lookup: Lookup): Record<string, string> {
  checkKeys(node, { known: ['path', 'required'], unsupported: ['format'] }, 'env_file')
  const long = node.kind === 'mapping' ? node.entries : undefined
  const name = textOf(long === undefined ? node : long.get('path')?.value, 'env_file')
  if (name === undefined || isNull(node)) throw invalidAt(node.at, 'env_file needs a path')
  const path = isAbsolute(name) ? name : resolve(directory, name)
  if (existsSync(path)) return parseEnvFile(readFileSync(path, 'utf8'), path, lookup)
  if (flagOf(long?.get('required')?.value, 'env_file.required') === false) return {}
  throw invalidAt(node.at, `env file ${path} not found`, `Create ${name}, or say "required: false".`)
}
