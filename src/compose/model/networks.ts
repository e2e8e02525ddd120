import { defined, entriesOf, fieldsOf, flagOf, integerOf, itemsOf, textMapOf, textOf, textsOf } from './decode.ts'
import type { Attachment, Ipam, NetworkDeclaration, VolumeDeclaration } from './model.ts'
import type { Mapping, Node } from './tree.ts'

/** A service's networks; none when it has a `network_mode`. */
export function decodeAttachments(service: Mapping, where: string): Record<string, Attachment> {
  const entries = entriesOf(service.entries.get('networks')?.value, `${where}.networks`)
  const attachments = Object.fromEntries(
    [...entries].map(([name, { value }]) => [name, decodeAttachment(value, `${where}.networks.${name}`)]),
  )
  const macAddress = textOf(service.entries.get('mac_address')?.value, `${where}.mac_address`)
  const first = mainNetwork(attachments)
  return first === undefined || macAddress === undefined ? attachments : { ...attachments, [first]: { macAddress, ...attachments[first]! } } // its own key
}

/** The one that is connected first: the service's own hardware address is there. */
function mainNetwork(attachments: Readonly<Record<string, Attachment>>): string | undefined {
  const priority = (name: string): number => attachments[name]?.priority ?? 0
  const names = Object.keys(attachments).toSorted()
  return names.toSorted((a, b) => priority(b) - priority(a))[0]
}

function decodeAttachment(node: Node, where: string): Attachment {
  const field = fieldsOf(node, where)
  const text = (key: string): string | undefined => textOf(field(key), `${where}.${key}`)
  const addresses = field('link_local_ips')
  const options = field('driver_opts')
  return {
    aliases: textsOf(field('aliases'), `${where}.aliases`),
    ...defined({
      ipv4Address: text('ipv4_address'),
      ipv6Address: text('ipv6_address'),
      macAddress: text('mac_address'),
      linkLocalIps: addresses === undefined ? undefined : textsOf(addresses, `${where}.link_local_ips`),
      priority: integerOf(field('priority'), `${where}.priority`),
      gatewayPriority: integerOf(field('gw_priority'), `${where}.gw_priority`),
      interfaceName: text('interface_name'),
      driverOpts: options === undefined ? undefined : textMapOf(options, `${where}.driver_opts`),
    }),
  }
}

/** One entry of the top level's `networks`. Throws `invalid`. */
export function decodeNetwork(key: string, node: Node): NetworkDeclaration {
  const where = `networks.${key}`
  const field = fieldsOf(node, where)
  const flag = (name: string): boolean | undefined => flagOf(field(name), `${where}.${name}`)
  return {
    ...declaration(key, node, where),
    internal: flag('internal') ?? false,
    ...defined({
      attachable: flag('attachable'),
      enableIpv4: flag('enable_ipv4'),
      enableIpv6: flag('enable_ipv6'),
      ipam: decodeIpam(field('ipam'), `${where}.ipam`),
    }),
  }
}

/** One entry of the top level's `volumes`. Throws `invalid`. */
export function decodeVolume(key: string, node: Node): VolumeDeclaration {
  return declaration(key, node, `volumes.${key}`)
}

/** What networks and volumes have in common. */
function declaration(key: string, node: Node, where: string): VolumeDeclaration {
  const field = fieldsOf(node, where)
  const options = field('driver_opts')
  return {
    name: textOf(field('name'), `${where}.name`) ?? key,
    external: flagOf(field('external'), `${where}.external`) ?? false,
    labels: textMapOf(field('labels'), `${where}.labels`),
    ...defined({
      driver: textOf(field('driver'), `${where}.driver`),
      driverOpts: options === undefined ? undefined : textMapOf(options, `${where}.driver_opts`),
    }),
  }
}

function decodeIpam(node: Node | undefined, where: string): Ipam | undefined {
  if (node === undefined) return undefined
  const field = fieldsOf(node, where)
  const options = field('options')
  return {
    pools: itemsOf(field('config'), `${where}.config`).map((item) => {
      const pool = fieldsOf(item, `${where}.config`)
      const text = (key: string): string | undefined => textOf(pool(key), `${where}.config.${key}`)
      const others = pool('aux_addresses')
      return defined({
        subnet: text('subnet'),
        ipRange: text('ip_range'),
        gateway: text('gateway'),
        auxAddresses: others === undefined ? undefined : textMapOf(others, `${where}.config.aux_addresses`),
      })
    }),
    ...defined({
      driver: textOf(field('driver'), `${where}.driver`),
      options: options === undefined ? undefined : textMapOf(options, `${where}.options`),
    }),
  }
}
