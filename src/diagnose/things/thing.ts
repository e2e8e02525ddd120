import type { World } from '#compose/apply/world.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Images } from '#engine/images/images.ts'
import type { Networks } from '#engine/networks/networks.ts'
import type { Volumes } from '#engine/volumes/volumes.ts'
import type { Sources } from '../collect.ts'
import type { Finding } from '../finding.ts'

/** What somebody asked about that is no service of a project: how it is, and why it isn't as it should be. */
export interface Thing {
  /** `Port 8080`, `Volume data`. */
  readonly subject: string
  readonly state: 'up' | 'completed' | 'failed' | 'waiting'
  readonly text: string
  /** More of it, a sentence each. */
  readonly notes: readonly string[]
  readonly findings: readonly Finding[]
}

/** Where things are looked for. */
export interface Places {
  readonly engine: Engine
  readonly images: Images
  readonly networks: Networks
  readonly volumes: Volumes
  readonly world: World
  readonly sources: Sources
}

/** Names of containers, in words. */
export function usersText(names: readonly string[]): string {
  if (names.length === 0) return 'no container uses it'
  return `used by ${names.join(', ')}`
}
