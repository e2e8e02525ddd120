import { isLoopback } from '#host/netns/listener.ts'
import { databaseOf } from './databases.ts'
import type { ServiceFacts } from './facts.ts'
import { nameServer } from './words.ts'

/** Whether a service runs and has not opened this port yet: none at all, or not the one that its kind of database always has. */
export function isStarting({ service, state, listeners }: ServiceFacts, port: number): boolean {
  if (listeners === undefined || state === 'failed' || state === 'completed' || listeners.some((one) => one.port === port)) return false
  const outside = listeners.filter((one) => one.address !== nameServer && !isLoopback(one))
  return outside.length === 0 && (databaseOf(service)?.port === port || listeners.every(({ address }) => address === nameServer))
}

/** Whether others reach this port of it. */
export function isOpen({ listeners = [] }: Pick<ServiceFacts, 'listeners'>, port: number): boolean {
  return listeners.some((one) => one.port === port && !isLoopback(one))
}
