import { get } from 'node:http'
import type { Clock } from '#base/clock.ts'
import type { ComposeEvent } from './events.ts'
import type { ContainerView } from './world.ts'

/** Milliseconds that a published port has to answer HTTP. */
const patience = 5000

type Address = Extract<ComposeEvent, { readonly type: 'address' }>

/** Each published port as a person would use it: a URL only where HTTP really answers. */
export function addressesOf(service: string, container: ContainerView, clock: Clock): Promise<Address[]> {
  const seen = new Map(container.ports.map((port) => [`${port.hostPort}/${port.protocol}`, port]))
  return Promise.all(
    [...seen.values()].map(async ({ hostIp, hostPort, protocol }): Promise<Address> => {
      const everywhere = ['', '0.0.0.0', '::', '127.0.0.1'].includes(hostIp)
      const authority = `${everywhere ? 'localhost' : hostIp}:${hostPort}`
      if (protocol === 'udp') return { type: 'address', service, url: `udp://${authority}`, answers: false }
      const answers = await answersHttp(everywhere ? '127.0.0.1' : hostIp, hostPort, clock)
      return { type: 'address', service, url: `${answers ? 'http' : 'tcp'}://${authority}`, answers }
    }),
  )
}

/** Any status counts: what answers 404 at its root is a web server too. */
function answersHttp(host: string, port: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host, port, path: '/', agent: false, headers: { connection: 'close' } }, (response) => {
      response.destroy()
      end(true)
    })
    const timer = clock.after(patience, () => end(false))
    const end = (answers: boolean): void => {
      timer[Symbol.dispose]()
      request.destroy()
      resolve(answers)
    }
    request.on('error', () => end(false))
  })
}
