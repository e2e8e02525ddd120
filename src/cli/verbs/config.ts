import { writeFileSync } from 'node:fs'
import type { Wishes } from '#compose/model/find.ts'
import type { Loaded } from '#compose/model/load.ts'
import type { OpenProject } from '#compose/model/open.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { readDocument, readOpen } from '../project.ts'
import { inWords } from '../words.ts'

const format = { type: 'string', value: 'FORMAT', does: 'yaml or json' } as const
const flag = (does: string): { readonly type: 'boolean'; readonly does: string } => ({ type: 'boolean', does })

const syntax = {
  usage: 'config [SERVICE...]',
  does: `Prints the Compose files as one, as docker compose does: merged, with variables replaced and everything said that is meant. With
services named, only those and what they depend on.`,
  operands: Infinity,
  options: {
    ...projectOptions,
    format,
    output: { type: 'string', short: 'o', value: 'FILE', does: 'write it there' },
    quiet: { type: 'boolean', short: 'q', does: 'only check the files' },
    services: flag('only the names of the services, what others depend on first'),
    volumes: flag('only the names of the volumes'),
    networks: flag('only the names of the networks'),
    models: flag('only the names of the models'),
    profiles: flag('only the names of the profiles'),
    images: flag('only the names of the images'),
    hash: { type: 'string', value: 'SERVICES', does: "only the services' hashes; SERVICES is a list with commas, or *" },
    variables: flag('only the variables that the files use, with their defaults'),
    environment: flag('only the variables that replace them'),
    'no-interpolate': flag('leave variables in place'),
    'no-normalize': flag("don't say what is only meant"),
    'no-path-resolution': flag('leave relative paths as they are'),
    'no-consistency': flag("don't check that the parts fit each other"),
    'no-env-resolution': flag("don't read each env_file"),
    'resolve-image-digests': flag('ask registries for the digests that tags stand for'),
    'lock-image-digests': flag('only the services with the digests of their images'),
    'all-resources': flag('also networks, volumes, secrets and configs that no service uses'),
  },
} as const satisfies Syntax

type Values = ReturnType<typeof parseOptions<(typeof syntax)['options']>>['values']

export const config: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const text = await textOf(values, positionals)
    if (values.quiet === true) return 0
    if (values.output === undefined) process.stdout.write(text)
    else writeFileSync(values.output, text)
    return 0
  },
}

async function textOf(values: Values, services: readonly string[]): Promise<string> {
  const listed = await import('./config-lists.ts')
  const list = (['services', 'volumes', 'networks', 'models', 'profiles', 'images', 'variables', 'environment'] as const).find(
    (name) => values[name] === true,
  )
  const { checks } = wishesOf(values)
  if (values.hash !== undefined) return listed.hashes(await readDocument(values, { wishes: { checks, readsFiles: false } }), values.hash)
  if (list === 'variables') return listed.variables(await readOpen(values, { wishes: wishesOf(values) }), values.format)
  if (list !== undefined) return listed.lists[list](withWarnings(await forList(list, values, services)))
  const request = { services, wishes: wishesOf(values) }
  return values['no-interpolate'] === true
    ? await wholeOpen(withWarnings(await readOpen(values, request)), values)
    : await whole(withWarnings(await readDocument(values, request)), values)
}

/** What a list is made of: as Docker Compose has it, services by name narrow few of them, and no `env_file` need be there. */
async function forList(list: string, values: Values, named: readonly string[]): Promise<Loaded | OpenProject> {
  const services = ['profiles', 'images', 'environment'].includes(list) ? named : []
  const wishes = { ...wishesOf(values), ...(list !== 'environment' && { readsFiles: false }) }
  // The environment is what replaces variables, whether it does or not.
  if (values['no-interpolate'] !== true || list === 'environment') return await readDocument(values, { services, wishes })
  return await readOpen(values, { services, wishes, narrows: list !== 'services' && list !== 'profiles' })
}

function withWarnings<T extends Pick<Loaded, 'warnings'>>(read: T): T {
  for (const warning of read.warnings) process.stderr.write(`galley: ${inWords(warning)}\n`)
  return read
}

function wishesOf(values: Values): Wishes {
  return {
    normalises: values['no-normalize'] !== true,
    placesPaths: values['no-path-resolution'] !== true,
    checks: values['no-consistency'] !== true,
    readsFiles: values['no-env-resolution'] !== true,
    keepsUnused: values['all-resources'] === true,
  }
}

async function whole(loaded: Loaded, values: Values): Promise<string> {
  const { formatOf, printedText } = await import('#compose/model/printed.ts')
  const as = formatOf(values.format ?? 'yaml')
  return printedText(await pinned(loaded, values), as)
}

async function wholeOpen(open: OpenProject, values: Values): Promise<string> {
  const { formatOf, openText } = await import('#compose/model/printed.ts')
  const as = formatOf(values.format ?? 'yaml')
  return openText((await pinned(open, values)).document, as)
}

async function pinned<T extends Pick<Loaded, 'name' | 'document'>>(read: T, values: Values): Promise<T> {
  if (values['resolve-image-digests'] !== true && values['lock-image-digests'] !== true) return read
  const { withDigests } = await import('./image-digests.ts')
  return await withDigests(read, values['lock-image-digests'] === true)
}
