import type { Clock } from '#base/clock.ts'
import type { ComposeEvent } from './events.ts'
import { probe, reachableHost } from './probe.ts'
import type { ContainerView } from './world.ts'

/**
 * Milliseconds that a published port has to answer HTTP. One that keeps the connection and says nothing is most often a server for
 * development that compiles; one that speaks something else says so, or hangs up, at once.
 */
const patience = 30_000

type Address = Extract<ComposeEvent, { readonly type: 'address' }>

/** Each published port as a person would use it: a URL only where HTTP really answers. */
export function addressesOf(service: string, container: ContainerView, clock: Clock): Promise<Address[]> {
  const seen = new Map(container.ports.map((port) => [`${port.hostPort}/${port.protocol}`, port]))
  return Promise.all(
    [...seen.values()].map(async ({ hostIp, hostPort, protocol }): Promise<Address> => {
      const host = reachableHost(hostIp)
      const authority = `${host === '127.0.0.1' ? 'localhost' : host}:${hostPort}`
      if (protocol === 'udp') return { type: 'address', service, url: `udp://${authority}`, answers: false }
      const answer = await probe(host, hostPort, { clock, patience })
      const answers = answer === 'http' || answer === 'failing'
      const url = `${answers ? 'http' : 'tcp'}://${authority}`
      return { type: 'address', service, url, answers, ...(answer === 'failing' && { fails: true }) }
    }),
  )
}
