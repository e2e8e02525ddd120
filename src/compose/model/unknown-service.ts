import { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'

/** For a name that none of the services has: says which is meant, or which there are. */
export function unknownService(name: string, services: readonly string[]): GalleyError {
  const meant = nearest(name, services)
  const there = services.length === 0 ? undefined : `There is ${services.join(', ')}.`
  const advice = meant === undefined ? there : `Did you mean ${meant}?`
  return new GalleyError('not found', `no such service: ${name}`, {
    code: 'compose.no-service',
    subject: name,
    ...(advice !== undefined && { advice }),
  })
}
