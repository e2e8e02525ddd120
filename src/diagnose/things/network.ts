import type { Network } from '#engine/networks/model.ts'
import { usersText, type Places, type Thing } from './thing.ts'

/** A network: its addresses, who is on it, and why it can't be removed. */
export function networkThing({ id, name, driver, subnet, internal, ipv6 }: Network, { engine }: Places): Thing {
  const members = engine.containers.list().flatMap((container) => {
    const endpoint = container.addresses.find(({ networkId }) => networkId === id)
    const waits = endpoint === undefined && Object.hasOwn(container.endpoints, name)
    return endpoint === undefined && !waits ? [] : [{ name: container.name, address: endpoint?.ipAddress }]
  })
  const kind = driver === 'bridge' ? [subnet, ...(ipv6 === undefined ? [] : [ipv6.subnet])].join(' and ') : driver
  const there = members.map((member) => `${member.name}${member.address === undefined ? ' (not running)' : ` (${member.address})`}`)
  return {
    subject: `Network ${name}`,
    state: 'up',
    text: `${kind}${internal ? ', internal: nothing leads outside' : ''}; ${usersText(there)}`,
    notes: members.length === 0 ? [] : [`It can be removed when they are gone, or off it: docker network disconnect ${name} CONTAINER`],
    findings: [],
  }
}
