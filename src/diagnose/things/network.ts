import type { Network } from '#engine/networks/model.ts'
import { usersText, type Places, type Thing } from './thing.ts'

/** A network: its addresses, who is on it, and why it can't be removed. */
export function networkThing({ id, name, driver, subnet, internal, ipv6 }: Network, { engine }: Places): Thing {
  const members = engine.containers.list().flatMap((container) => {
    const endpoint = container.addresses.find(({ networkId }) => networkId === id)
    if (endpoint === undefined && !Object.hasOwn(container.endpoints, name)) return []
    return [`${container.name} (${endpoint === undefined ? container.state.status : endpoint.ipAddress || endpoint.ipv6?.address})`]
  })
  const subnets = [subnet, ipv6?.subnet ?? ''].filter((text) => text !== '')
  return {
    subject: `Network ${name}`,
    state: 'up',
    text: [driver === 'bridge' ? subnets.join(', ') : driver, ...(internal ? ['nothing leads outside'] : []), usersText(members)].join(
      '; ',
    ),
    notes: members.length === 0 ? [] : [`It can be removed when they are gone, or off it: docker network disconnect ${name} CONTAINER`],
    findings: [],
  }
}
