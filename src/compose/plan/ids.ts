import type { Service } from '#compose/model/model.ts'
import type { Slot } from './replicas.ts'

/** Id of a step about the container in a place of a service. */
export function idOf(
  what: 'container' | 'start' | 'retire' | 'restart',
  { name }: Pick<Service, 'name'>,
  { number }: Pick<Slot, 'number'>,
): string {
  return `${what} ${name}-${number}`
}

/** Id of the step that stops a container for a while. */
export function haltId(container: string): string {
  return `stop ${container}`
}

/** Id of the step that removes a container. */
export function removalId(container: string): string {
  return `remove ${container}`
}
