import { createHash } from 'node:crypto'
import { serviceText } from './hashed.ts'
import type { Project } from './model.ts'
import type { Mapping } from './tree.ts'

/** A typed, normalised service's hash, the same as Docker Compose 2.40 puts on containers (`com.docker.compose.config-hash`): SHA-256. */
export function serviceHash(node: Mapping): string {
  return sha256(serviceText(node))
}

/** A project with the hashes of its parts. They are taken where they are used: it is not worth a command's time to load what takes them. */
export function withHashes(project: Project): Project {
  return {
    ...project,
    services: mapped(project.services),
    networks: mapped(project.networks),
    volumes: mapped(project.volumes),
  }
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
