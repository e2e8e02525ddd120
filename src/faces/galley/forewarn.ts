import { label } from '#base/compose-labels.ts'
import type { World } from '#compose/apply/world.ts'
import type { Project } from '#compose/model/model.ts'
import type { Sources } from '#diagnose/collect.ts'
import type { Words } from '#diagnose/finding.ts'
import { inspect } from '#diagnose/lint.ts'
import type { Send } from './send-lines.ts'

interface Forewarning {
  readonly project: Project
  readonly sources: Sources
  readonly send: Send
}

/**
 * The same world, which says of a service with a health check, before its first container starts, what its image shows will not work.
 * Nobody has to wait for the retries then. Of the others the kernel tells at their start, and a look into an image takes some 4 ms.
 */
export function forewarning(world: World, { project, sources, send }: Forewarning): World {
  const told = new Set<string>()
  const warn = (name: string): void => {
    const service = project.services[name]
    if (service?.healthcheck === undefined || told.has(name)) return
    told.add(name)
    using grounds = sources.grounds()
    for (const { title, rule, evidence } of inspect(service, grounds.of(service))) {
      const text = (language: keyof Words): string => `${name}: ${title[language]}: ${evidence.at(-1)?.[language] ?? ''} [${rule}]`
      send({ type: 'warning', text: text('en'), ko: text('ko') })
    }
  }
  const { containers } = world
  return {
    ...world,
    containers: {
      ...containers,
      create: async (request) => {
        const created = await containers.create(request)
        const labels = request.config.Labels as Readonly<Record<string, string>> | undefined
        warn(labels?.[label.service] ?? '')
        return created
      },
    },
  }
}
