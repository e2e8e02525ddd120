import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, relative, resolve } from 'node:path'
import { isMap, isScalar, isSeq, parseAllDocuments, type Document, type Node } from 'yaml'
import { GalleyError } from '#base/error.ts'
import { interpolate } from '../interpolate.ts'
import { isRemote } from '../remote.ts'
import { lookupIn, type Variables } from '../variables.ts'
import { envFileLayer, fileLayer, type Layer } from './artifact.ts'
import { resolved, valueOf, valuesOf } from './merged.ts'

/** What of a project is published. */
export interface Published {
  readonly files: readonly string[]
  /** Where relative paths start. */
  readonly directory: string
  readonly variables: Variables
  /** Whether the `env_file`s go with it. */
  readonly withEnv: boolean
}

/**
 * A project's files as they are published: as they are written, variables and all, but for what they call others. Those that they extend,
 * and their `env_file`s, get names that tell nothing of where they lie here. Throws `invalid` for includes of files here.
 */
export function layersOf({ files, directory, variables, withEnv }: Published): Layer[] {
  const others: Others = { extended: new Map(), envFiles: new Map() }
  const publishing: Publishing = { directory, variables, ...others }
  const layers = files.map((file) => fileLayer(basename(file), published(file, publishing)))
  const done = new Set<string>()
  for (const [file, name] of others.extended) {
    // What these extend in turn is added meanwhile, and comes up later in this loop.
    if (done.has(file)) continue
    done.add(file)
    layers.push(fileLayer(name, published(file, publishing), true))
  }
  const envFiles = withEnv ? [...others.envFiles] : []
  return [...layers, ...envFiles.map(([file, name]) => envFileLayer(name, readFileSync(file, 'utf8')))]
}

interface Others {
  /** Names for files here, by path. */
  readonly extended: Map<string, string>
  readonly envFiles: Map<string, string>
}

interface Publishing extends Others, Pick<Published, 'directory' | 'variables'> {}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

function published(file: string, publishing: Publishing): string {
  const source = readFileSync(file, 'utf8')
  const edits = parseAllDocuments(source, { merge: true }).flatMap((document) =>
    'contents' in document ? editsIn(document, file, publishing) : [],
  )
  // What several services share by an alias is written once.
  const once = new Map(edits.map((edit) => [edit.start, edit]))
  return [...once.values()]
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, { start, end, text: name }) => `${text.slice(0, start)}${name}${text.slice(end)}`, source)
}

function editsIn(document: Document.Parsed, file: string, publishing: Publishing): Edit[] {
  refuseIncludes(document, file)
  const root: unknown = document.contents
  const services = isMap(root) ? resolved(valueOf(root, 'services', document), document) : undefined
  if (!isMap(services)) return []
  return [...valuesOf(services, document).values()].flatMap((value) => {
    const service = resolved(value, document)
    if (!isMap(service)) return []
    const extended = resolved(valueOf(service, 'extends', document), document)
    const parent = isMap(extended) ? valueOf(extended, 'file', document) : undefined
    return [
      ...pathsIn(valueOf(service, 'env_file', document), document).flatMap((node) => edit(node, document, publishing, 'envFiles')),
      ...(parent === undefined ? [] : edit(parent, document, publishing, 'extended')),
    ]
  })
}

/** A path, a list of paths, or of mappings with one. */
function pathsIn(node: Node | undefined, document: Document.Parsed): Node[] {
  const value = resolved(node, document)
  if (isSeq(value)) return value.items.flatMap((item) => pathsIn(item as Node, document))
  if (isMap(value)) return pathsIn(valueOf(value, 'path', document), document)
  return node === undefined ? [] : [node]
}

function edit(node: Node, document: Document.Parsed, publishing: Publishing, kind: keyof Others): Edit[] {
  const { directory, variables } = publishing
  const value = resolved(node, document)
  const { range } = node
  if (!isScalar(value) || typeof value.value !== 'string' || range === null || range === undefined) return []
  const written = interpolate(value.value, lookupIn(variables)).text
  const path = resolve(directory, written)
  if (kind === 'extended' && (isRemote(written) || !existsSync(path))) return []
  const hash = createHash('sha256').update(relative(directory, path)).digest('hex')
  const name = `${hash}.${kind === 'extended' ? 'yaml' : 'env'}`
  // One that need not be there is named, and not published.
  if (existsSync(path)) publishing[kind].set(path, name)
  return [{ start: range[0], end: range[1], text: name }]
}

/** What is included is a project of its own, which would have to be published beside it. */
function refuseIncludes(document: Document.Parsed, file: string): void {
  const list = resolved(document.get('include', true), document)
  const paths = isSeq(list) ? pathsIn(list as Node, document).map((node) => resolved(node, document)) : []
  const local = paths.flatMap((node) => (isScalar(node) && typeof node.value === 'string' && !isRemote(node.value) ? [node.value] : []))[0]
  if (local === undefined) return
  throw new GalleyError('invalid', `cannot publish compose file with local includes: ${file} includes ${local}`, {
    code: 'compose.local-include',
    subject: local,
    advice: 'Publish what is included by itself, and include it as oci://…; or merge the files: galley config -o compose.yaml.',
  })
}
