import type { Service } from '#compose/model/model.ts'

/** What others on its networks find a service's container by. */
export function namesOf(service: Service, container: string): string[] {
  const aliases = Object.values(service.networks).flatMap((attachment) => attachment.aliases)
  return [service.name, container, service.hostname ?? '', ...aliases]
}
