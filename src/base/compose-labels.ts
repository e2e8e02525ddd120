/** Labels by which every Compose tool recognises what belongs to a project (docker/compose, pkg/api/labels.go). */
export const label = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
  /** What tells containers of `run` apart. */
  slug: 'com.docker.compose.slug',
  /** `pre_start` on containers that run before a service's own. */
  hook: 'com.docker.compose.hook',
  configHash: 'com.docker.compose.config-hash',
  workingDirectory: 'com.docker.compose.project.working_dir',
  configFiles: 'com.docker.compose.project.config_files',
  dependsOn: 'com.docker.compose.depends_on',
  image: 'com.docker.compose.image',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
  /** Which Docker Compose it is like that made it: tools look whether it is there. */
  version: 'com.docker.compose.version',
  /** Galley's own: the declaration that the container was made from, to tell what differs in the next one. */
  declared: 'dev.galley.declared',
} as const

/** The Docker Compose whose hashes, labels and build files Galley's are like. */
export const composeVersion = '2.40.3'

/** What a container's service depends on. */
export interface Dependency {
  readonly service: string
  /** How far that one must have come (compose-spec, depends_on: condition). */
  readonly condition: string
  /** Whether it is restarted together with that one. */
  readonly restart: boolean
}

/** A `depends_on` label: `db:service_healthy:false,…`. */
export function dependsOnText(dependsOn: Readonly<Record<string, { readonly condition: string; readonly restart?: boolean }>>): string {
  return Object.entries(dependsOn)
    .map(([name, { condition, restart = false }]) => `${name}:${condition}:${restart}`)
    .join(',')
}

/** What such a label says; nothing where there is none. */
export function dependenciesIn(text = ''): Dependency[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [service = '', condition = '', restart = ''] = part.split(':')
      return { service, condition, restart: restart === 'true' }
    })
}
