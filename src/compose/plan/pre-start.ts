import { label } from '#base/compose-labels.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { containerRequest } from './container.ts'

interface Place {
  /** Of the container that is about to start. */
  readonly number: number
  /** Whether it is the first of its service: hooks that run once for all of them run before it. */
  readonly first: boolean
}

/**
 * The containers of a service's `pre_start` hooks, for one of its containers: on its networks, without its names there, with its variables,
 * and with its volumes once whoever runs them adds those. compose-spec, 05-services, `pre_start`.
 */
export function preStartRequests(project: Project, service: Service, { number, first }: Place): CreateRequest[] {
  const { preStart = [] } = service
  if (preStart.length === 0) return []
  const { name, config, hostConfig, endpoints, ...others } = containerRequest(project, service, number)
  return preStart.flatMap((hook, index) => {
    if (!first && hook.perReplica !== true) return []
    // Another image has a user of its own.
    const user = hook.user ?? (hook.image === undefined ? service.user : undefined)
    const workingDir = hook.workingDir ?? service.workingDir
    const own = Object.entries(hook.environment).map(([variable, value]) => `${variable}=${value}`)
    return {
      ...others,
      name: `${name}-pre_start-${index}`,
      config: {
        Image: hook.image ?? service.image,
        ...(hook.command.length > 0 && { Cmd: hook.command }),
        Env: [...(config['Env'] as readonly string[]), ...own],
        Labels: { [label.project]: project.name, [label.service]: service.name, [label.oneOff]: 'True', [label.hook]: 'pre_start' },
        ...(user !== undefined && { User: user }),
        ...(workingDir !== undefined && { WorkingDir: workingDir }),
      },
      hostConfig: { NetworkMode: hostConfig['NetworkMode'], Privileged: hook.privileged === true },
      endpoints: Object.fromEntries(Object.keys(endpoints).map((network) => [network, {}])),
    }
  })
}
