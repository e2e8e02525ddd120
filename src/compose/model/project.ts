import { networkText, serviceText, volumeText } from './hashed.ts'
import { decodeFileObject, type FileSection } from './file-objects.ts'
import type { Loaded } from './load.ts'
import type { Wishes } from './find.ts'
import type { FileObject, Project } from './model.ts'
import { decodeNetwork, decodeVolume } from './networks.ts'
import { profilesOf } from './profiles.ts'
import { separatorIn } from './compatibility.ts'
import { decodeService } from './service.ts'
import { fieldIn, invalidAt, type Entry, type Mapping } from './tree.ts'

/** Nothing to run: nothing is there, or no profile is on. */
function noService({ document, disabled }: Loaded): Error {
  const profiles = [...new Set([...disabled.entries.values()].flatMap(profilesOf))]
  if (profiles.length === 0)
    return invalidAt(
      document.at,
      'no service is declared',
      'Services stand under "services:", each with what it is made from: image or build.',
    )
  return invalidAt(
    document.at,
    `no service is enabled: all of them belong to the profiles ${profiles.join(', ')}`,
    `Enable one: --profile ${profiles[0]}`,
  )
}

/** A loaded document as what the daemon carries out; one without services where what none uses is kept. Throws `invalid` and `not implemented` with the place. */
export function decodeProject(loaded: Loaded, { keepsUnused = false }: Partial<Wishes> = {}): Project {
  const { name, document } = loaded
  const separator = separatorIn(loaded.variables)
  const names = `${name}${separator}`
  const section = (key: string): [string, Entry][] => {
    const entries = fieldIn(document, key)
    return entries?.kind === 'mapping' ? [...entries.entries] : []
  }
  const objects = (kind: FileSection): Record<string, FileObject> =>
    Object.fromEntries(section(kind).map(([key, entry]) => [key, decodeFileObject(kind, key, entry)]))
  const services = section('services').map(([key, { at, value }]) => ({
    ...decodeService(key, at, value as Mapping, names),
    hashed: serviceText(value as Mapping),
  }))
  if (services.length === 0 && !keepsUnused) throw noService(loaded)
  const below = [...loaded.below.entries].map(([key, { at, value }]) => decodeService(key, at, value as Mapping, names))
  return {
    name,
    directory: loaded.directory,
    files: loaded.files,
    ...(separator === '_' && { separator }),
    services: Object.fromEntries(services.map((service) => [service.name, service])),
    ...(below.length > 0 && { below: Object.fromEntries(below.map((service) => [service.name, service])) }),
    networks: Object.fromEntries(
      section('networks').map(([key, { value }]) => [key, { ...decodeNetwork(key, value), hashed: networkText(value as Mapping) }]),
    ),
    volumes: Object.fromEntries(
      section('volumes').map(([key, { value }]) => [key, { ...decodeVolume(key, value), hashed: volumeText(value as Mapping) }]),
    ),
    secrets: objects('secrets'),
    configs: objects('configs'),
    disabled: [...loaded.disabled.entries.keys(), ...loaded.leftOut],
    written: loaded.written,
    warnings: loaded.warnings,
  }
}
