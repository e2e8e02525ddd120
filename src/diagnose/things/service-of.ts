import type { Attachment, Mount, PortMapping, Position, Service } from '#compose/model/model.ts'
import type { Container, PortBinding } from '#engine/containers/model.ts'

/** Of what stands in no file. */
const nowhere: Position = { file: '', line: 0, column: 0 }

/** A container as a service that declares it, so that the same rules look at both. */
export function serviceOf({ name, config, hostConfig, mounts, endpoints }: Container): Service {
  const { Name, MaximumRetryCount } = hostConfig.RestartPolicy
  return {
    name,
    at: nowhere,
    image: config.Image,
    ports: Object.entries(hostConfig.PortBindings).flatMap(([port, bindings]) => bindings.map((binding) => portOf(port, binding))),
    expose: Object.keys(config.ExposedPorts),
    mounts: mounts.map(({ type, source, destination, readOnly }): Mount => ({
      type,
      source,
      target: destination,
      readOnly,
      createSource: false,
      at: nowhere,
    })),
    environment: Object.fromEntries(config.Env.map((line) => line.split(/=(.*)/s)).map(([key = '', value = '']) => [key, { value }])),
    networks: Object.fromEntries(
      Object.entries(endpoints).map(([key, wishes]): [string, Attachment] => [key, { aliases: wishes.Aliases ?? [] }]),
    ),
    restart: { name: Name === '' ? 'no' : Name, maximumRetryCount: MaximumRetryCount },
    dependsOn: {},
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    labels: config.Labels,
    ...(config.Healthcheck?.Test !== undefined && { healthcheck: { test: config.Healthcheck.Test } }),
    ...(config.WorkingDir !== '' && { workingDir: config.WorkingDir }),
    options: { config: {}, hostConfig: {} },
  }
}

function portOf(port: string, { HostIp, HostPort }: PortBinding): PortMapping {
  const [target, protocol = 'tcp'] = port.split('/')
  return {
    target: Number(target),
    hostIp: HostIp,
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    at: nowhere,
    ...(Number(HostPort) > 0 && { published: Number(HostPort) }),
  }
}
