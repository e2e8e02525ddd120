import type { Service } from '#compose/model/model.ts'

/** Labels by which every Compose tool recognises what belongs to a project. */
export const label = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
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

/** `db:service_healthy:false,…`: service, condition, and whether it is restarted with its dependency. */
export function dependsOnText(dependsOn: Service['dependsOn']): string {
  return Object.entries(dependsOn)
    .map(([name, { condition, restart = false }]) => `${name}:${condition}:${restart}`)
    .join(',')
}

/** The services that a `depends_on` label names. */
export function dependsOnNames(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.split(':')[0] ?? '')
    .filter((name) => name !== '')
}
