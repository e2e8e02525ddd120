import { createHash } from 'node:crypto'
import { composeVersion, dependsOnText, label } from '#base/compose-labels.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import type { Deploy, Healthcheck, PortMapping, Project, Service } from '#compose/model/model.ts'
import { declaredText } from './declared.ts'
import { filesOf, isOwned, targetOf } from './files.ts'
import { bindTexts, mountRequests, tmpfsOptions } from './mounts.ts'

/** What the engine is asked for to run one of a service's containers, its labels included. */
export function containerRequest(project: Project, service: Service, number: number): CreateRequest {
  const name = containerName(project, service, number)
  const labels = {
    ...service.labels,
    [label.project]: project.name,
    [label.service]: service.name,
    [label.number]: String(number),
    [label.oneOff]: 'False',
    [label.workingDirectory]: project.directory,
    [label.configFiles]: project.files.join(','),
    [label.dependsOn]: dependsOnText(service.dependsOn),
    [label.configHash]: configHash(project, service),
    [label.version]: composeVersion,
    [label.declared]: declaredText(service),
  }
  return {
    name,
    config: { ...config(service), Labels: labels },
    hostConfig: hostConfig(project, service),
    endpoints: endpoints(project, service, name),
    ...(service.platform !== undefined && { platform: service.platform }),
  }
}

export function containerName(
  { name: project, separator = '-' }: Pick<Project, 'name' | 'separator'>,
  { name, containerName: fixed }: Pick<Service, 'name' | 'containerName'>,
  number: number,
): string {
  return fixed ?? [project, name, number].join(separator)
}

export function configHashOf(request: CreateRequest): string {
  return (request.config['Labels'] as Record<string, string>)[label.configHash] ?? ''
}

/** As Docker Compose tells it; of a lone Dockerfile, which it doesn't know, by what the engine is asked for. */
function configHash(project: Project, service: Service): string {
  if (service.configHash !== undefined) return service.configHash
  const asked = [config(service), hostConfig(project, service), endpoints(project, service, ''), service.labels]
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex')
}

function config(service: Service): Record<string, unknown> {
  const { image, environment, options, command, entrypoint, workingDir, user, hostname, healthcheck, stopGracePeriod } = service
  const exposed = [...service.expose, ...service.ports.map(({ target, protocol }) => `${target}/${protocol}`)]
  return {
    ...options.config,
    Image: image,
    // A name alone takes the image's away.
    Env: [...Object.entries(environment).map(([name, { value }]) => `${name}=${value}`), ...(service.unset ?? [])],
    ExposedPorts: Object.fromEntries(exposed.map((port) => [port.includes('/') ? port : `${port}/tcp`, {}])),
    ...(command !== undefined && { Cmd: command }),
    // [""] clears the image's entrypoint.
    ...(entrypoint !== undefined && { Entrypoint: entrypoint.length === 0 ? [''] : entrypoint }),
    ...(workingDir !== undefined && { WorkingDir: workingDir }),
    ...(user !== undefined && { User: user }),
    ...(hostname !== undefined && { Hostname: hostname }),
    ...(healthcheck !== undefined && { Healthcheck: healthConfig(healthcheck) }),
    ...(stopGracePeriod !== undefined && { StopTimeout: stopGracePeriod }),
  }
}

function healthConfig({ test, interval, timeout, startPeriod, startInterval, retries }: Healthcheck): Record<string, unknown> {
  return {
    ...(test.length > 0 && { Test: test }),
    ...(interval !== undefined && { Interval: interval }),
    ...(timeout !== undefined && { Timeout: timeout }),
    ...(startPeriod !== undefined && { StartPeriod: startPeriod }),
    ...(startInterval !== undefined && { StartInterval: startInterval }),
    ...(retries !== undefined && { Retries: retries }),
  }
}

function hostConfig(project: Project, service: Service): Record<string, unknown> {
  const { mounts, ports, restart, networks, options, deploy } = service
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const port of ports) (bindings[`${port.target}/${port.protocol}`] ??= []).push({ HostIp: port.hostIp, HostPort: hostPort(port) })
  return {
    ...options.hostConfig,
    ...sharedModes(project, service),
    ...otherContainers(project, service),
    ...resources(deploy),
    Binds: bindTexts(project, mounts),
    Mounts: [...mountRequests(project, mounts), ...fileMounts(project, service)],
    Tmpfs: {
      ...tmpfsOptions(mounts),
      ...(options.hostConfig['Tmpfs'] as Record<string, string> | undefined),
    },
    PortBindings: bindings,
    RestartPolicy: restartPolicy(restart, deploy),
    NetworkMode:
      networkNames(project, networks)[0] ?? sharedModes(project, service)['NetworkMode'] ?? options.hostConfig['NetworkMode'] ?? 'bridge',
  }
}

/** Fields in which another service's namespaces may be named. */
const sharingFields = ['NetworkMode', 'IpcMode', 'PidMode'] as const

/** Namespaces of another service's container, as the engine calls them. */
function sharedModes(project: Project, { options }: Service): Partial<Record<(typeof sharingFields)[number], string>> {
  return Object.fromEntries(
    sharingFields.flatMap((field) => {
      const name = sharedService(options.hostConfig[field])
      const other = name === undefined ? undefined : (project.services[name] ?? project.beside?.[name])
      return other === undefined ? [] : [[field, `container:${containerName(project, other, 1)}`]]
    }),
  )
}

/** The services whose containers a service's own are bound to, and how. */
export function bondsOf({ options, volumesFrom = [], links = [] }: Service): Bond[] {
  return [
    ...sharingFields
      .flatMap((field) => sharedService(options.hostConfig[field]) ?? [])
      .map((service): Bond => ({ service, by: 'namespaces' })),
    ...volumesFrom
      .filter((text) => !text.startsWith('container:'))
      .map((text): Bond => ({ service: text.split(':')[0] ?? '', by: 'volumes' })),
    ...links
      .filter((text) => isNameless(options) || hasOtherName(text))
      .map((text): Bond => ({ service: text.split(':')[0] ?? '', by: 'a link' })),
  ]
}

export interface Bond {
  readonly service: string
  readonly by: 'namespaces' | 'volumes' | 'a link'
}

/** Under its own name a service is found anyway, and all of its containers; a link is to the first, where it was at the start. */
function hasOtherName(link: string): boolean {
  const [service, alias = service] = link.split(':')
  return alias !== service
}

/** On the default bridge, which knows no services by name. */
function isNameless({ hostConfig }: Service['options']): boolean {
  return hostConfig['NetworkMode'] === 'bridge'
}

/** `HostConfig.Links` and `VolumesFrom`. */
function otherContainers(
  project: Project,
  { links = [], externalLinks = [], volumesFrom = [], options }: Service,
): Record<string, string[]> {
  const containerOf = (service: string): string => {
    const other = project.services[service] ?? project.beside?.[service]
    return other === undefined ? service : containerName(project, other, 1)
  }
  const linkText = (text: string): string => {
    const [service = '', alias = service] = text.split(':')
    return `${containerOf(service)}:${alias}`
  }
  return {
    Links: [...links.filter((text) => isNameless(options) || hasOtherName(text)).map(linkText), ...externalLinks],
    VolumesFrom: volumesFrom.map((text) =>
      text.startsWith('container:') ? text.slice('container:'.length) : text.replace(/^[^:]+/, containerOf),
    ),
  }
}

function sharedService(mode: unknown): string | undefined {
  return typeof mode === 'string' && mode.startsWith('service:') ? mode.slice('service:'.length) : undefined
}

/** A number, a range to choose from, or nothing for any. */
function hostPort({ published, publishedLast }: PortMapping): string {
  if (published === undefined) return ''
  return publishedLast === undefined ? String(published) : `${published}-${publishedLast}`
}

/** `deploy.resources` wins over the service's older attributes, as in Docker Compose. */
function resources(deploy: Deploy | undefined): Record<string, unknown> {
  const { limits, reservations } = deploy ?? {}
  return {
    ...(limits?.nanoCpus !== undefined && { NanoCpus: limits.nanoCpus }),
    ...(limits?.memory !== undefined && { Memory: limits.memory }),
    ...(limits?.pids !== undefined && { PidsLimit: limits.pids }),
    ...(reservations?.memory !== undefined && { MemoryReservation: reservations.memory }),
  }
}

function restartPolicy(restart: Service['restart'], deploy: Deploy | undefined): Record<string, unknown> {
  const { condition, maxAttempts = 0 } = deploy?.restartPolicy ?? {}
  if (restart.name !== 'no' || deploy?.restartPolicy === undefined)
    return { Name: restart.name, MaximumRetryCount: restart.maximumRetryCount }
  const Name = condition === 'none' ? 'no' : condition === undefined || condition === 'any' ? 'always' : condition
  return { Name, MaximumRetryCount: Name === 'on-failure' ? maxAttempts : 0 }
}

/** Secrets and configs that are files of the host are mounted; others, and those with an owner or mode, are put in before the start. */
function fileMounts(project: Project, service: Service): object[] {
  return filesOf(project, service).flatMap(({ object, mount }) =>
    object.source.from === 'file' && !isOwned(mount)
      ? [{ Type: 'bind', Source: object.source.path, Target: targetOf(mount), ReadOnly: true }]
      : [],
  )
}

function endpoints(project: Project, { name, networks }: Service, container: string): CreateRequest['endpoints'] {
  return Object.fromEntries(
    inOrder(networks).map((key) => {
      const {
        aliases = [],
        ipv4Address,
        ipv6Address,
        macAddress,
        linkLocalIps,
        gatewayPriority,
        interfaceName,
        driverOpts,
      } = networks[key] ?? {}
      const addresses = {
        ...(ipv4Address !== undefined && { IPv4Address: ipv4Address }),
        ...(ipv6Address !== undefined && { IPv6Address: ipv6Address }),
        ...(linkLocalIps !== undefined && { LinkLocalIPs: linkLocalIps }),
      }
      const options = { ...driverOpts, ...(interfaceName !== undefined && { 'com.docker.network.endpoint.ifname': interfaceName }) }
      return [
        project.networks[key]?.name ?? key,
        {
          Aliases: [...new Set([container, name, ...aliases])].filter((alias) => alias !== ''),
          ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
          ...(macAddress !== undefined && { MacAddress: macAddress }),
          ...(Object.keys(options).length > 0 && { DriverOpts: options }),
          ...(gatewayPriority !== undefined && { GwPriority: gatewayPriority }),
        },
      ]
    }),
  )
}

/** Names in the engine, in an order that does not depend on the file. */
function networkNames(project: Project, networks: Service['networks']): string[] {
  return inOrder(networks).map((key) => project.networks[key]?.name ?? key)
}

/** The one with the highest priority first. */
function inOrder(networks: Service['networks']): string[] {
  return Object.keys(networks)
    .toSorted()
    .toSorted((a, b) => (networks[b]?.priority ?? 0) - (networks[a]?.priority ?? 0))
}
