import { posix } from 'node:path'
import { stanzasOf } from './fields.ts'
import type { Cataloguer, FoundPackage } from './model.ts'
import { zipEntries, type ZipEntry } from './zip.ts'

const isArchive = (name: string): boolean => /\.(jar|war|ear)$/.test(name)
/** Bytes of a list in an archive, and of an archive in an archive. */
const largestText = 1 << 20
const largestInner = 128 << 20
/** Archives in one another. */
const deepest = 3

/** Java archives, and those in them: by what Maven left in them, else by their manifest, else by their name. */
export const java: Cataloguer = {
  largest: Number.MAX_SAFE_INTEGER,
  matches: isArchive,
  packages: async (file) => (await inArchive(zipEntries(file), file.path, 0)).map((found) => ({ ...found, path: file.path })),
}

type Found = Omit<FoundPackage, 'path'>

async function inArchive(entries: readonly ZipEntry[], path: string, depth: number): Promise<Found[]> {
  if (entries.length === 0) return []
  const own: Found[] = []
  const inner: Found[] = []
  for (const entry of entries) {
    if (/^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/.test(entry.name)) own.push(...byMaven(await textOf(entry)))
    else if (isArchive(entry.name) && depth < deepest && entry.size <= largestInner) {
      const bytes = await entry.content().catch(() => Buffer.alloc(0))
      const read = (start = 0, length = bytes.length): Buffer => bytes.subarray(start, start + length)
      inner.push(...(await inArchive(zipEntries({ size: bytes.length, read }), entry.name, depth + 1)))
    }
  }
  if (own.length > 0) return [...own, ...inner]
  const manifest = entries.find(({ name }) => name === 'META-INF/MANIFEST.MF')
  return [...byManifest(manifest === undefined ? '' : await textOf(manifest), path), ...inner]
}

function byMaven(text: string): Found[] {
  const values = new Map(text.split(/\r?\n/).map((line) => [line.split('=', 1)[0]?.trim(), line.slice(line.indexOf('=') + 1).trim()]))
  const [namespace, name, version] = [values.get('groupId'), values.get('artifactId'), values.get('version')]
  return namespace !== undefined && name !== undefined && version !== undefined ? [{ type: 'maven', namespace, name, version }] : []
}

/** Without a name and a version there is nothing to tell. */
function byManifest(text: string, path: string): Found[] {
  // Lines that go on begin with a blank, which is no part of them.
  const [fields = new Map<string, string>()] = stanzasOf(text.replaceAll(/\r?\n /g, ''))
  const [, fileName, fileVersion] = /^(.+?)-(\d[\w.+-]*)$/.exec(posix.basename(path).replace(/\.[^.]*$/, '')) ?? []
  const bundle = fields.get('bundle-symbolicname')?.replace(/;.*$/, '')
  const name = fileName ?? bundle?.replace(/^.*\./, '') ?? fields.get('implementation-title')
  const version = fields.get('implementation-version') ?? fields.get('bundle-version') ?? fileVersion
  if (name === undefined || version === undefined || /[\s/]/.test(name)) return []
  const namespace = fields.get('implementation-vendor-id') ?? bundle?.replace(/\.[^.]*$/, '') ?? name
  return [{ type: 'maven', namespace, name, version, license: fields.get('bundle-license') }]
}

async function textOf({ size, content }: ZipEntry): Promise<string> {
  if (size > largestText) return ''
  try {
    return (await content()).toString('utf8')
  } catch {
    // A damaged archive tells nothing.
    return ''
  }
}
