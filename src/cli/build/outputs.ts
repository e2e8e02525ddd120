import { resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import type { Typed } from '#faces/galley/build/asked.ts'
import { csvAttributes, csvFields } from '#faces/galley/build/csv.ts'

/** Where the client writes what comes of an output. */
export type Destination =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdout' }
  /** The daemon writes the blobs; the client the index beside them, under these names. */
  | { readonly kind: 'layout'; readonly path: string; readonly names: readonly string[] }

export interface PlannedOutput {
  readonly exporter: Typed
  /** undefined for what stays with the daemon or goes to a registry. */
  readonly destination?: Destination
}

export interface OutputWishes {
  readonly output: readonly string[]
  readonly load: boolean
  readonly push: boolean
  readonly tags: readonly string[]
  /** As attributes of image exporters. */
  readonly annotations: Readonly<Record<string, string>>
}

const types = ['local', 'tar', 'oci', 'docker', 'image', 'registry', 'cacheonly']

/** What becomes of a build's result; an image in the store when nothing else is said. Throws `invalid`. */
export function planOutputs({ output, load, push, tags, annotations }: OutputWishes): PlannedOutput[] {
  const given = output.map(parse)
  const keeps = given.some(({ type }) => type === 'image' || type === 'registry')
  if (given.length === 0 || load || (push && !keeps)) given.push({ type: 'image', attributes: {} })
  const planned = given.filter(({ type }) => type !== 'cacheonly').map((each) => plan(each, { push, names: tags.join(','), annotations }))
  if (planned.filter(({ destination }) => destination?.kind === 'stdout').length > 1)
    throw new GalleyError('invalid', 'only one output can go to standard output')
  if (planned.filter(({ destination }) => destination?.kind === 'layout').length > 1)
    throw new GalleyError('invalid', 'only one output can be a layout (tar=false)')
  return planned
}

function parse(text: string): Typed {
  if (text === '-') return { type: 'tar', attributes: { dest: '-' } }
  const fields = csvFields(text)
  if (fields.length === 1 && !text.startsWith('type=')) return { type: 'local', attributes: { dest: text } }
  const { type, ...attributes } = csvAttributes('output', fields)
  if (type === undefined) throw new GalleyError('invalid', `--output: type is required: ${text}`, { subject: text })
  if (!types.includes(type))
    throw new GalleyError('invalid', `--output: there is no type ${type}`, { subject: type, advice: `There is ${types.join(', ')}.` })
  return { type, attributes }
}

interface Naming {
  readonly push: boolean
  readonly names: string
  readonly annotations: Readonly<Record<string, string>>
}

function plan({ type, attributes: { dest, ...others } }: Typed, { push, names, annotations }: Naming): PlannedOutput {
  const named = { ...(names !== '' && { name: names }), ...others }
  switch (type) {
    case 'local':
      return { exporter: { type, attributes: others }, destination: { kind: 'directory', path: resolve(needed(type, dest)) } }
    case 'tar':
      return { exporter: { type, attributes: others }, destination: fileOr(dest ?? '-') }
    case 'image':
    case 'registry': {
      const pushes = push || type === 'registry'
      return { exporter: { type: 'image', attributes: { ...named, ...annotations, ...(pushes && { push: 'true' }) } } }
    }
    default: {
      const attributes = { ...named, ...annotations }
      // Without a place, an image for docker is one in the store.
      if (type === 'docker' && dest === undefined) return { exporter: { type: 'image', attributes } }
      if (others['tar'] !== 'false') return { exporter: { type, attributes }, destination: fileOr(dest ?? '-') }
      const path = resolve(needed(type, dest))
      return { exporter: { type, attributes }, destination: { kind: 'layout', path, names: names === '' ? [] : names.split(',') } }
    }
  }
}

function needed(type: string, dest: string | undefined): string {
  if (dest === undefined || dest === '') throw new GalleyError('invalid', `--output: dest is required for ${type} output`)
  return dest
}

function fileOr(dest: string): Destination {
  return dest === '-' ? { kind: 'stdout' } : { kind: 'file', path: resolve(dest) }
}
