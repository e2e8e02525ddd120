import { createHash } from 'node:crypto'
import type { CreateRequest } from '#engine/containers/create.ts'
import type { Healthcheck, Mount, Project, Service } from '#compose/model/model.ts'
import { dependsOnText, label } from './labels.ts'

/** What the engine is asked for to run a service, its labels included. */
export function containerRequest(project: Project, service: Service): CreateRequest {
  const name = containerName(project, service)
  const bare = { config: config(service), hostConfig: hostConfig(project, service), endpoints: endpoints(project, service, name) }
  const labels = {
    ...service.labels,
    [label.project]: project.name,
    [label.service]: service.name,
    [label.number]: '1',
    [label.oneOff]: 'False',
    [label.workingDirectory]: project.directory,
    [label.configFiles]: project.files.join(','),
    [label.dependsOn]: dependsOnText(service.dependsOn),
    [label.configHash]: createHash('sha256')
      .update(JSON.stringify([name, bare, service.labels]))
      .digest('hex'),
  }
  return { name, ...bare, config: { ...bare.config, Labels: labels } }
}

export function containerName(project: Project, service: Service): string {
  return service.containerName ?? `${project.name}-${service.name}-1`
}

export function configHashOf(request: CreateRequest): string {
  return (request.config['Labels'] as Record<string, string>)[label.configHash] ?? ''
}

function config(service: Service): Record<string, unknown> {
  const { image, environment, options, command, entrypoint, workingDir, user, hostname, healthcheck, stopGracePeriod } = service
  const exposed = [...service.expose, ...service.ports.map(({ target, protocol }) => `${target}/${protocol}`)]
  const anonymous = service.mounts.filter(({ type, source }) => type === 'volume' && source === '')
  return {
    ...options.config,
    Image: image,
    Env: Object.entries(environment).map(([name, { value }]) => `${name}=${value}`),
    ExposedPorts: Object.fromEntries(exposed.map((port) => [port.includes('/') ? port : `${port}/tcp`, {}])),
    Volumes: Object.fromEntries(anonymous.map(({ target }) => [target, {}])),
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

function hostConfig(project: Project, { mounts, ports, restart, networks, options }: Service): Record<string, unknown> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { target, protocol, hostIp, published } of ports)
    (bindings[`${target}/${protocol}`] ??= []).push({ HostIp: hostIp, HostPort: published === undefined ? '' : String(published) })
  const source = (mount: Mount): string => (mount.type === 'volume' ? (project.volumes[mount.source]?.name ?? mount.source) : mount.source)
  const named = mounts.filter(({ type, source: from, createSource }) => from !== '' && (type === 'volume' || createSource))
  return {
    ...options.hostConfig,
    Binds: named.map((mount) => `${source(mount)}:${mount.target}${mount.readOnly ? ':ro' : ''}`),
    Mounts: mounts
      .filter(({ type, createSource }) => type === 'bind' && !createSource)
      .map((mount) => ({ Type: 'bind', Source: mount.source, Target: mount.target, ReadOnly: mount.readOnly })),
    Tmpfs: {
      ...Object.fromEntries(mounts.filter(({ type }) => type === 'tmpfs').map(({ target }) => [target, ''])),
      ...(options.hostConfig['Tmpfs'] as Record<string, string> | undefined),
    },
    PortBindings: bindings,
    RestartPolicy: { Name: restart.name, MaximumRetryCount: restart.maximumRetryCount },
    NetworkMode: networkNames(project, networks)[0] ?? options.hostConfig['NetworkMode'] ?? 'bridge',
  }
}

function endpoints(project: Project, { name, networks }: Service, container: string): CreateRequest['endpoints'] {
  return Object.fromEntries(
    Object.keys(networks)
      .toSorted()
      .map((key) => {
        const { aliases = [], ipv4Address } = networks[key] ?? {}
        return [
          project.networks[key]?.name ?? key,
          {
            Aliases: [...new Set([container, name, ...aliases])],
            ...(ipv4Address !== undefined && { IPAMConfig: { IPv4Address: ipv4Address } }),
          },
        ]
      }),
  )
}

/** Names in the engine, in an order that does not depend on the file. */
export function networkNames(project: Project, networks: Service['networks']): string[] {
  return Object.keys(networks)
    .toSorted()
    .map((key) => project.networks[key]?.name ?? key)
}
