import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { nameAnnotation } from './caches.ts'

interface Descriptor {
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * Writes an image into the index of a layout, under these names and in place of what had them (OCI image-spec, image-layout.md). Its
 * blobs are there already.
 */
export function indexImage(layout: string, descriptor: Descriptor, names: readonly string[]): void {
  mkdirSync(layout, { recursive: true })
  const path = `${layout}/index.json`
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { readonly manifests?: readonly Descriptor[] }) : {}
  const added: Descriptor[] = (names.length === 0 ? [undefined] : names).map((name) =>
    name === undefined ? descriptor : { ...descriptor, annotations: { ...descriptor.annotations, [nameAnnotation]: name } },
  )
  const replaced = new Set(added.map((each) => each.annotations?.[nameAnnotation]))
  const kept = (before.manifests ?? []).filter(
    (each) =>
      !replaced.has(each.annotations?.[nameAnnotation]) && !added.some(({ digest }) => names.length === 0 && digest === each.digest),
  )
  writeFileSync(`${layout}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(
    path,
    JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [...kept, ...added] }),
  )
}
