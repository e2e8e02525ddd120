import { composeVersion, label } from '#base/compose-labels.ts'
import { GalleyError } from '#base/error.ts'
import type { NetworkWishes } from '#engine/networks/model.ts'
import type { Project } from '#compose/model/model.ts'
import { keyLines } from './declared.ts'
import { networkRequest } from './network.ts'
import type { Action, Observed, ObservedContainer, ObservedNetwork, ObservedVolume } from './step.ts'

type VolumeWishes = Omit<Extract<Action, { readonly kind: 'volume.create' }>, 'kind'>

/** A network that was made from another declaration than the project's is now. */
export interface RenewedNetwork {
  readonly made: NetworkWishes
  readonly wished: NetworkWishes
  /** What differs, a line each. */
  readonly differences: readonly string[]
  /** The project's containers that run on it: they stop while it is made anew. */
  readonly users: readonly ObservedContainer[]
}

/** The same of a volume; its containers, running or not, are made anew with it. */
export interface RenewedVolume {
  readonly wished: VolumeWishes
  readonly differences: readonly string[]
  readonly users: readonly ObservedContainer[]
}

/** What a project's volume is asked for with. */
export function volumeRequest(project: string, key: string, declared: Project['volumes'][string]): VolumeWishes {
  const { name, labels, configHash, driverOpts } = declared
  const own = {
    [label.project]: project,
    [label.volume]: key,
    [label.version]: composeVersion,
    ...(configHash !== undefined && { [label.configHash]: configHash }),
  }
  return { name, labels: { ...labels, ...own }, options: driverOpts ?? {} }
}

/**
 * Networks that must be made anew, by name, as Docker Compose finds them: by the hash in their label. One without a hash goes on as it
 * is. Throws `conflict` for one that is another project's or nobody's, and for one on which others' containers run.
 */
export function networksToRenew(project: Project, { networks, containers }: Observed): Map<string, RenewedNetwork> {
  const renewed = new Map<string, RenewedNetwork>()
  for (const [key, declared] of Object.entries(project.networks)) {
    const there = networks.find(({ name }) => name === declared.name)
    if (there === undefined || declared.external) continue
    checkKey(there, key)
    if (there.made === undefined || !differs(there, declared.configHash)) continue
    const wished = networkRequest(project.name, key, declared)
    const users = usersOf(there, containers, `network ${there.name} is to be made anew`)
    renewed.set(there.name, { made: there.made, wished, differences: networkDifferences(there.made, wished), users })
  }
  return renewed
}

/** Volumes that would have to be made anew, by name. One in which nothing can be seen to differ goes on as it is. */
export function volumesToRenew(project: Project, { volumes, containers }: Observed): Map<string, RenewedVolume> {
  const renewed = new Map<string, RenewedVolume>()
  for (const [key, declared] of Object.entries(project.volumes)) {
    const there = volumes.find(({ name }) => name === declared.name)
    if (there === undefined || declared.external || !differs(there, declared.configHash)) continue
    const wished = volumeRequest(project.name, key, declared)
    const differences = keyLines(ofVolume(there), ofVolume(wished))
    if (differences.length === 0) continue
    const users = containers.filter(({ id }) => there.users?.some((user) => user.id === id))
    renewed.set(there.name, { wished, differences, users })
  }
  return renewed
}

/** Throws `conflict`: a volume's data are not thrown away unless that is asked for. */
export function refuseToLose(name: string, { differences }: RenewedVolume): never {
  throw new GalleyError('conflict', `volume "${name}" exists but doesn't match its declaration: ${differences.join('; ')}`, {
    code: 'compose.volume-differs',
    subject: name,
    advice: 'Its data go on with the old declaration. With galley up --yes it is made anew, and its data are lost.',
  })
}

/** Throws `conflict` for a volume that is about to go although others have it. */
export function checkUsers(volume: ObservedVolume, own: readonly ObservedContainer[]): void {
  usersOf(volume, own, `volume ${volume.name} is to be made anew`)
}

/** Each after those of the services that it depends on. */
export function afterDependencies(containers: readonly ObservedContainer[]): ObservedContainer[] {
  const ordered = new Set<ObservedContainer>()
  const visited = new Set<ObservedContainer>()
  const visit = (container: ObservedContainer): void => {
    if (visited.has(container)) return
    visited.add(container)
    for (const other of containers) if (container.dependsOn.includes(other.service)) visit(other)
    ordered.add(container)
  }
  containers.forEach(visit)
  return [...ordered]
}

/** What the person should know of networks and volumes that are used although they are not the project's. */
export function foreignWarnings(project: Project, { networks, volumes }: Observed): string[] {
  return (['network', 'volume'] as const).flatMap((kind) =>
    Object.values(kind === 'network' ? project.networks : project.volumes).flatMap(({ name, external }) => {
      const there = (kind === 'network' ? networks : volumes).find((one) => one.name === name)
      if (there === undefined || external || there.project === project.name) return []
      const maker = there.project === undefined ? 'by no Compose project' : `for project "${there.project}"`
      return [`${kind} "${name}" already exists but was created ${maker}. Use \`external: true\` to use an existing ${kind}`]
    }),
  )
}

function differs({ configHash = '' }: ObservedNetwork | ObservedVolume, wished: string | undefined): boolean {
  return configHash !== '' && wished !== undefined && configHash !== wished
}

function checkKey({ name, key }: ObservedNetwork, wished: string): void {
  if (key === undefined || key === wished) return
  throw new GalleyError(
    'conflict',
    `network ${name} was found but has incorrect label ${label.network} set to "${key}" (expected: "${wished}")`,
    { subject: name, advice: 'A network that another tool made is declared as external: true; else give it another name.' },
  )
}

/** The project's own. Throws `conflict` for others: nobody told them. */
function usersOf(there: ObservedNetwork | ObservedVolume, containers: readonly ObservedContainer[], why: string): ObservedContainer[] {
  return (there.users ?? []).map(({ id, name }) => {
    const own = containers.find((container) => container.id === id)
    if (own !== undefined && !own.oneOff) return own
    throw new GalleyError('conflict', `${why}, but the container ${name} uses it and is none of the project's services`, {
      code: 'compose.in-use',
      subject: there.name,
      advice: 'Stop or remove that container first.',
    })
  })
}

function networkDifferences(made: NetworkWishes, wished: NetworkWishes): string[] {
  const lines = keyLines(ofNetwork(made, wished), ofNetwork(wished, wished))
  return lines.length > 0 ? lines : ['its declaration']
}

/** As the file has it. What the declaration leaves to the engine is no difference. */
function ofNetwork(
  { internal = false, attachable = false, options = {}, labels, ipv4 = true, ipv6, ipamOptions = {}, ...space }: NetworkWishes,
  wished: NetworkWishes,
): unknown {
  const { subnet, gateway, ipRange, reserved } = space
  return {
    internal,
    attachable,
    enable_ipv4: ipv4,
    enable_ipv6: ipv6 !== undefined,
    driver_opts: options,
    labels: ownLabels(labels),
    ipam: {
      options: ipamOptions,
      subnet,
      ipv6_subnet: ipv6?.subnet,
      ip_range: ipRange,
      gateway: wished.gateway === undefined ? undefined : gateway,
      aux_addresses: reserved ?? {},
    },
  }
}

function ofVolume({ options = {}, labels }: Pick<ObservedVolume, 'options' | 'labels'>): unknown {
  return { driver_opts: options, labels: ownLabels(labels) }
}

function ownLabels(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith('com.docker.compose.')))
}
