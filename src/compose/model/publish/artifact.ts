import { GalleyError } from '#base/error.ts'
import { version } from '#base/version.ts'

/** How Docker Compose publishes a project (docker/compose, internal/oci/push.go): an OCI artifact whose layers are its files. */
export const artifactTypes = {
  project: 'application/vnd.docker.compose.project',
  file: 'application/vnd.docker.compose.file+yaml',
  envFile: 'application/vnd.docker.compose.envfile',
  /** Of the configuration where the manifest has no artifact type (OCI 1.0). */
  oldConfig: 'application/vnd.docker.compose.config.empty.v1+json',
} as const

const names = {
  version: 'com.docker.compose.version',
  file: 'com.docker.compose.file',
  envFile: 'com.docker.compose.envfile',
  extends: 'com.docker.compose.extends',
} as const

/** A file of a published project. */
export interface Layer {
  readonly mediaType: string
  readonly annotations: Readonly<Record<string, string>>
  readonly text: string
}

/** A Compose file; one that others extend keeps its name where it is unpacked, all else is put over each other. */
export function fileLayer(name: string, text: string, isExtended = false): Layer {
  const annotations = { [names.version]: version(), [names.file]: name, ...(isExtended && { [names.extends]: 'true' }) }
  return { mediaType: artifactTypes.file, annotations, text }
}

export function envFileLayer(name: string, text: string): Layer {
  return { mediaType: artifactTypes.envFile, annotations: { [names.version]: version(), [names.envFile]: name }, text }
}

/**
 * The files of a published project by their names, `compose.yaml` being all that is put over each other, as documents of one file. What a
 * layer says of its name is not trusted: it must be a name in one directory (CVE-2025-62725). Throws `invalid`.
 */
export function filesOf(layers: readonly Layer[]): Map<string, string> {
  const files = new Map<string, string>()
  for (const { mediaType, annotations, text } of layers) {
    const given = annotations[names.file]
    if (mediaType === artifactTypes.envFile) files.set(checkedName(annotations[names.envFile]), text)
    else if (mediaType === artifactTypes.file && annotations[names.extends] !== undefined) files.set(checkedName(given), text)
    else if (mediaType === artifactTypes.file) {
      const before = files.get('compose.yaml')
      files.set('compose.yaml', before === undefined ? text : `${before}\n---\n${text}`)
    }
  }
  if (files.has('compose.yaml')) return files
  throw invalid('it has no Compose file')
}

/** A name that leads nowhere else, and takes no other file's place. */
function checkedName(name: string | undefined): string {
  if (name !== undefined && /^[\w-][\w.-]{0,200}$|^\.env$/.test(name) && name !== 'compose.yaml') return name
  throw invalid(name === undefined ? 'a file in it has no name' : `a file in it is called ${JSON.stringify(name)}`)
}

function invalid(why: string): GalleyError {
  return new GalleyError('invalid', `invalid published project: ${why}`, { code: 'compose.invalid-artifact' })
}
