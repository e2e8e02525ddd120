import { createHash } from 'node:crypto'
import { serviceText } from './hashed.ts'
import type { Project, Service } from './model.ts'
import type { Mapping } from './tree.ts'

/** A typed, normalised service's hash, the same as Docker Compose 2.40 puts on containers (`com.docker.compose.config-hash`): SHA-256. */
export function serviceHash(node: Mapping): string {
  return sha256(serviceText(node))
}

/** A project with the hashes of its parts. They are taken where they are used: it is not worth a command's time to load what takes them. */
export function withHashes(project: Project): Project {
  return {
    ...project,
    services: Object.fromEntries(
      Object.entries(mapped(project.services)).map(([name, service]) => [name, withText(service, project.services[name]?.hashed)]),
    ),
    networks: mapped(project.networks),
    volumes: mapped(project.volumes),
  }
}

/** Where a hash is of what is known only later, its text is kept: what it names as `service:NAME`, or shares volumes with. */
function withText(service: Service, hashed = ''): Service {
  return /"service:|"volumes_from":\[/.test(hashed) ? { ...service, hashed } : service
}

function mapped<Part extends { readonly hashed?: string }>(parts: Readonly<Record<string, Part>>): Record<string, Part> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, { hashed, ...part }]) => [
      name,
      { ...part, ...(hashed !== undefined && { configHash: sha256(hashed) }) } as unknown as Part,
    ]),
  )
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
