import { GalleyError, kindOf } from '#base/error.ts'
import { momentOf } from '#base/moment.ts'
import type { EndpointWishes } from '#engine/containers/model.ts'
import { familyOption } from '#engine/networks/bridge-options.ts'
import { builtIn, type AddressWishes, type Network } from '#engine/networks/model.ts'
import type { Networks } from '#engine/networks/networks.ts'
import { connectBody } from './container-body.ts'
import { hasLabel } from './container-filters.ts'
import { addressWishes } from './network-addresses.ts'
import { createNetworkBody, disconnectBody } from './network-body.ts'
import { filters, readJson, sendEmpty, sendJson, type Call, type Routes } from './route.ts'
import { selection, truth, type Tests } from './selection.ts'
import { decodeBody, textOf, textsOf } from './typed-body.ts'

/** Containers' side of connecting: references are resolved, wishes kept for the next start, running ones plugged in. */
export interface Attachments {
  connect(container: string, network: Network, wishes: EndpointWishes): Promise<void>
  disconnect(container: string, network: Network): Promise<void>
  /** From a network that is gone. */
  forget(container: string, network: string): Promise<void>
  /** Name of a container by its id. */
  nameOf(container: string): string | undefined
  /** Whether any container, running or not, is configured for the network. */
  uses(network: Network): boolean
}

interface Face {
  readonly networks: Networks
  readonly attachments: Attachments
}

const tests: Tests<Network, Face> = {
  id: ({ id }, value) => id.startsWith(value),
  name: ({ name }, value) => name.includes(value),
  driver: ({ driver }, value) => driver === value,
  label: ({ labels }, value) => hasLabel(labels, value),
  'label!': ({ labels }, value) => !hasLabel(labels, value),
  scope: (_, value) => value === 'local',
  type: ({ name }, value) => builtIn.includes(name) === (value === 'builtin'),
  dangling: (network, value, face) =>
    (!builtIn.includes(network.name) && face.networks.usersOf(network).length === 0) === truth('dangling', value),
  until: ({ created }, value) => created < momentOf(value, Date.now()),
}

/**
 * Networks of the Engine API. Missing: swarm scope, other drivers than bridge, other IPAM drivers than the default.
 */
export function networkRoutes(networks: Networks, attachments: Attachments): Routes {
  const face = { networks, attachments }
  const id = (call: Call): string => call.params['id'] ?? ''
  return {
    'GET /networks': (call) => list(face, call),
    'GET /networks/': (call) => list(face, call),
    'POST /networks/create': (call) => create(networks, call),
    'POST /networks/prune': (call) => prune(face, call),
    'GET /networks/{id}': (call) =>
      sendJson(call, 200, { ...shape(networks.get(id(call))), Containers: members(face, networks.get(id(call))) }),
    'DELETE /networks/{id}': async (call) => {
      await networks.remove(id(call))
      sendEmpty(call)
    },
    'POST /networks/{id}/connect': async (call) => {
      const body = decodeBody(await readJson(call), connectBody)
      await attachments.connect(textOf(body['Container']), networks.get(id(call)), (body['EndpointConfig'] ?? {}) as EndpointWishes)
      sendEmpty(call, 200)
    },
    'POST /networks/{id}/disconnect': async (call) => {
      const body = decodeBody(await readJson(call), disconnectBody)
      const [container, force] = [textOf(body['Container']), body['Force'] === true]
      if (force && networks.find(id(call)) === undefined) await attachments.forget(container, id(call))
      else await disconnect(face, networks.get(id(call)), { container, force })
      sendEmpty(call, 200)
    },
  }
}

function list(face: Face, call: Call): void {
  const chosen = face.networks.list().filter(selection(tests, filters(call.query), face))
  sendJson(
    call,
    200,
    chosen.map((network) => shape(network)),
  )
}

/** With `force`, a container that is gone already counts as disconnected. */
async function disconnect(
  { attachments }: Face,
  network: Network,
  { container, force }: { readonly container: string; readonly force: boolean },
): Promise<void> {
  try {
    await attachments.disconnect(container, network)
  } catch (error) {
    if (!(force && kindOf(error) === 'not found')) throw error
  }
}

async function create(networks: Networks, call: Call): Promise<void> {
  const body = decodeBody(await readJson(call), createNetworkBody)
  refuse(body)
  const options = textsOf(body['Options'])
  const fields = { ipv4: 'EnableIPv4', ipv6: 'EnableIPv6' } as const
  const has = (family: 'ipv4' | 'ipv6'): unknown => body[fields[family]] ?? familyOption(options, family)
  const configFrom = textOf((body['ConfigFrom'] as { Network?: string } | null | undefined)?.Network)
  const network = await networks.create({
    name: textOf(body['Name']),
    driver: textOf(body['Driver']) || 'bridge',
    internal: body['Internal'] === true,
    attachable: body['Attachable'] === true,
    labels: textsOf(body['Labels']),
    options,
    ...(has('ipv4') === false && { ipv4: false }),
    ...addressWishes(body['IPAM'], has('ipv6') === true),
    ...(body['ConfigOnly'] === true && { configOnly: true }),
    ...(configFrom !== '' && { configFrom }),
  })
  sendJson(call, 201, { Id: network.id, Warning: '' })
}

/** What Galley doesn't carry out is refused by name rather than forgotten. */
function refuse(body: Record<string, unknown>): void {
  const named: readonly (readonly [string, boolean])[] = [
    ['ingress networks', body['Ingress'] === true],
    ['swarm networks', body['Scope'] === 'swarm'],
  ]
  const refused = named.find(([, asked]) => asked)?.[0]
  if (refused !== undefined) throw new GalleyError('not implemented', `${refused} are not implemented by Galley`)
}

async function prune(face: Face, call: Call): Promise<void> {
  const wanted = filters(call.query)
  const unknown = [...wanted.keys()].find((name) => !['label', 'label!', 'until'].includes(name))
  if (unknown !== undefined) throw new GalleyError('invalid', `invalid filter '${unknown}'`, { subject: unknown })
  const isWanted = selection(tests, wanted, face)
  const removed = await face.networks.prune(isWanted, (network) => face.attachments.uses(network))
  sendJson(call, 200, { NetworksDeleted: removed.map(({ name }) => name) })
}

/** The API's Network (1.51); lists leave `Containers` empty, as Docker's do. */
function shape(network: Network): object {
  const { id, name, driver, created, internal, labels, options, attachable = false, config: held, configFrom = '' } = network
  const { ipv6, ipamOptions = null } = held ?? network
  const spaces = [held ?? network, ipv6].filter((space): space is AddressWishes => (space?.subnet ?? '') !== '')
  return {
    Name: name,
    Id: id,
    Created: new Date(created).toISOString(),
    Scope: 'local',
    Driver: driver,
    EnableIPv4: held === undefined ? network.subnet !== '' || driver !== 'bridge' : held.ipv4 !== false,
    EnableIPv6: ipv6 !== undefined,
    IPAM: { Driver: 'default', Options: ipamOptions, Config: spaces.map(config) },
    Internal: internal,
    Attachable: attachable,
    Ingress: false,
    ConfigFrom: { Network: configFrom },
    ConfigOnly: held !== undefined,
    Containers: {},
    Options: options,
    Labels: labels,
  }
}

function config({ subnet, gateway, ipRange, reserved }: AddressWishes): object {
  return {
    Subnet: subnet,
    ...(ipRange !== undefined && { IPRange: ipRange }),
    ...(gateway !== undefined && gateway !== '' && { Gateway: gateway }),
    ...(reserved !== undefined && { AuxiliaryAddresses: reserved }),
  }
}

function members({ networks, attachments }: Face, network: Network): Record<string, object> {
  return Object.fromEntries(
    networks.usersOf(network).map(({ container, endpoint }) => [
      container,
      {
        Name: attachments.nameOf(container) ?? container.slice(0, 12),
        EndpointID: endpoint.endpointId,
        MacAddress: endpoint.macAddress,
        IPv4Address: endpoint.ipAddress === '' ? '' : `${endpoint.ipAddress}/${endpoint.prefixLength}`,
        IPv6Address: endpoint.ipv6 === undefined ? '' : `${endpoint.ipv6.address}/${endpoint.ipv6.prefixLength}`,
      },
    ]),
  )
}
