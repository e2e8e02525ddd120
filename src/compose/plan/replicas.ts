import { GalleyError } from '#base/error.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { containerName } from './container.ts'
import type { ObservedContainer } from './step.ts'

/** The place of one container of a service, and who has it. */
export interface Slot {
  readonly number: number
  readonly name: string
  readonly old: ObservedContainer | undefined
}

export interface Replicas {
  readonly slots: readonly Slot[]
  /** Containers that have no place any more: too many, or left behind by an update that broke off. */
  readonly surplus: readonly ObservedContainer[]
}

/** How many containers a service is to have. Throws `invalid` for several with one name. */
export function replicasOf({ name, replicas = 1, containerName: fixed, at }: Service, scale: Readonly<Record<string, number>>): number {
  const wanted = scale[name] ?? replicas
  if (wanted > 1 && fixed !== undefined)
    throw new GalleyError(
      'invalid',
      `${at.file}:${at.line}:${at.column}: the "${name}" service is using the custom container name "${fixed}". Docker requires each container to have a unique name. Remove the custom name to scale the service`,
      { subject: name },
    )
  return wanted
}

/** Who of a service's containers goes on, in which place, and who goes: the `unfit` in any case. What is as it should be is kept before what isn't. */
export function replicasFor(
  project: Project,
  service: Service,
  {
    wanted,
    all,
    unfit,
    hash,
    image,
  }: {
    readonly wanted: number
    readonly all: readonly ObservedContainer[]
    readonly unfit: ReadonlySet<ObservedContainer>
    readonly hash: string
    /** The one that its containers are to have, if it is here. */
    readonly image: string | undefined
  },
): Replicas {
  const isCurrent = (container: ObservedContainer): boolean =>
    container.configHash === hash && (image ?? container.image) === container.image
  const rank = (container: ObservedContainer): number => (isCurrent(container) ? 0 : 2) + (container.running ? 0 : 1)
  const able = all
    .filter((container) => !isLeftOver(container) && !unfit.has(container))
    .toSorted((a, b) => rank(a) - rank(b) || a.number - b.number)
  const byNumber = new Map<number, ObservedContainer | undefined>()
  for (const container of able) if (!byNumber.has(container.number) && byNumber.size < wanted) byNumber.set(container.number, container)
  for (let number = 1; byNumber.size < wanted && number <= wanted + able.length; number++)
    if (!byNumber.has(number)) byNumber.set(number, undefined)
  const slots = [...byNumber]
    .toSorted(([a], [b]) => a - b)
    .map(([number, old]): Slot => ({ number, name: containerName(project, service, number), old }))
  const kept = new Set(slots.map(({ old }) => old))
  return { slots, surplus: all.filter((container) => !kept.has(container)) }
}

/** A container under the name that it has until it takes another one's place (Docker Compose calls them so too): that never came to pass. */
function isLeftOver({ understudy, name }: ObservedContainer): boolean {
  return understudy || /^[0-9a-f]{12}_/.test(name)
}
