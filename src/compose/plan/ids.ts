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
