import type { Project, Service } from '#compose/model/model.ts'
import { unknownService } from '#compose/model/unknown-service.ts'

/** Names with those of what they depend on, directly or not. Throws `not found`. */
export function withDependencies({ services }: Project, names: readonly string[]): string[] {
  const wanted = new Set<string>()
  const want = (name: string): void => {
    if (wanted.has(name)) return
    if (!Object.hasOwn(services, name)) throw unknownService(name, Object.keys(services))
    wanted.add(name)
    for (const other of Object.keys(services[name]?.dependsOn ?? {})) if (Object.hasOwn(services, other)) want(other)
  }
  names.forEach(want)
  return [...wanted]
}

/** A project with these services alone, and the images that their builds start from, directly or not. */
export function amongServices(project: Project, services: readonly string[]): Project {
  const all = { ...project.below, ...project.services }
  const reached = new Set(services)
  for (const name of reached)
    for (const context of Object.values(all[name]?.build?.additionalContexts ?? {}))
      if (context.startsWith('service:')) reached.add(context.slice('service:'.length))
  const among = (isWanted: (name: string) => boolean): Record<string, Service> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => isWanted(name)))
  return {
    ...project,
    services: among((name) => services.includes(name)),
    below: among((name) => reached.has(name) && !services.includes(name)),
  }
}
