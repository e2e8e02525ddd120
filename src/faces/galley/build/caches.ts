import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import type { Typed } from './asked.ts'
import { csvAttributes, csvFields } from './csv.ts'

/** Caches as the daemon takes them, with the layouts that it reads and writes on this machine. */
export interface Caches {
  readonly from: readonly Typed[]
  readonly to: readonly Typed[]
  /** Directories by the names that the daemon calls them. */
  readonly layouts: Readonly<Record<string, string>>
  /** Directories whose index is to be written when the daemon has written blobs there. */
  readonly written: readonly string[]
}

interface Written {
  readonly from: readonly string[] | undefined
  readonly to: readonly string[] | undefined
}

/** Reads `--cache-from` and `--cache-to`, or what a Compose file says of them; paths are relative to `directory`. Throws `invalid`. */
export function readCaches({ from = [], to = [] }: Written, directory: string): Caches {
  const sources = from.map((text) => parse('cache-from', text))
  const targets = to.map((text) => parse('cache-to', text))
  const written = targets.flatMap(({ type, attributes: { dest } }) => (type !== 'local' || dest === undefined ? [] : [dest]))
  const places = [...sources.flatMap(({ attributes: { src } }) => src ?? []), ...written]
  return {
    from: sources.map((source) => withDigest(source, directory)),
    to: targets,
    layouts: Object.fromEntries(places.map((place) => [`local:${place}`, resolve(directory, place)])),
    written: written.map((place) => resolve(directory, place)),
  }
}

/** A name alone is an image, or a registry's repository for targets. */
function parse(option: string, text: string): Typed {
  const fields = csvFields(text)
  if (fields.every((field) => !field.includes('='))) return { type: 'registry', attributes: { ref: text } }
  const { type, ...attributes } = csvAttributes(option, fields)
  if (type === undefined) throw new GalleyError('invalid', `--${option}: type is required: ${text}`, { subject: text })
  return { type, attributes }
}

/** The client knows which image of a layout is meant: that of its index with the tag, `latest` by default. */
function withDigest({ type, attributes }: Typed, directory: string): Typed {
  const { src, tag = 'latest' } = attributes
  if (type !== 'local' || src === undefined || attributes['digest'] !== undefined) return { type, attributes }
  const digest = digestIn(resolve(directory, src), tag)
  return { type, attributes: digest === undefined ? attributes : { ...attributes, digest } }
}

interface Index {
  readonly manifests?: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[]
}

export const nameAnnotation = 'org.opencontainers.image.ref.name'

/** The digest that a layout's index has for a tag; undefined where there is none. */
export function digestIn(layout: string, tag: string | undefined): string | undefined {
  const path = `${layout}/index.json`
  if (!existsSync(path)) return undefined
  const { manifests = [] } = JSON.parse(readFileSync(path, 'utf8')) as Index
  const named = manifests.find(({ annotations }) => annotations?.[nameAnnotation] === tag)
  return (named ?? (manifests.length === 1 && tag !== undefined ? manifests[0] : undefined))?.digest
}
