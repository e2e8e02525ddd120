import type { Project, Service } from './model.ts'

/** A project with these of its services alone, without what they depend on, and with the networks, volumes and files that they use. */
export function alone(project: Project, names: readonly string[]): Project {
  const kept = Object.values(project.services).filter(({ name }) => names.includes(name))
  const below = Object.values(project.below ?? {})
  const beside = Object.values(project.services).filter(({ name }) => !names.includes(name))
  const files = (of: 'secrets' | 'configs'): string[] => [
    ...kept.flatMap((service) => (service[of] ?? []).map(({ source }) => source)),
    ...(of === 'secrets' ? [...kept, ...below].flatMap(({ build }) => (build?.secrets ?? []).map(({ source }) => source)) : []),
  ]
  return {
    ...project,
    services: among(project.services, names),
    disabled: [...(project.disabled ?? []), ...beside.map(({ name }) => name)],
    ...(beside.length > 0 && {
      beside: Object.fromEntries(
        beside.map(({ name, containerName }) => [name, { name, ...(containerName !== undefined && { containerName }) }]),
      ),
    }),
    networks: among(
      project.networks,
      kept.flatMap(({ networks }) => Object.keys(networks)),
    ),
    volumes: among(project.volumes, kept.flatMap(volumesOf)),
    ...(project.secrets !== undefined && { secrets: among(project.secrets, files('secrets')) }),
    ...(project.configs !== undefined && { configs: among(project.configs, files('configs')) }),
  }
}

function volumesOf({ mounts }: Service): string[] {
  return mounts.flatMap(({ type, source }) => (type === 'volume' && source !== '' ? [source] : []))
}

function among<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))
}
