import { label } from '#base/compose-labels.ts'
import { boundHash, type BoundHash } from '#compose/plan/bound-hash.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import type { ContainerView, World } from './world.ts'

/** Notes in a container's labels which image it is made of, as that name may be another one's later. */
export function withImage(request: CreateRequest, world: World): CreateRequest {
  const id = world.images.find(imageOf(request))
  const labels = { ...(request.config['Labels'] as Record<string, string>), ...(id !== undefined && { [label.image]: id }) }
  return { ...request, config: { ...request.config, Labels: labels } }
}

/** What the image is called that a container is made of. */
function imageOf({ config }: CreateRequest): string {
  return String(config['Image'])
}

/** Whether a container is made of the images that a request for it names now, and mounts those. */
export function hasImages({ image, mountedImages }: ContainerView, request: CreateRequest, { images }: World): boolean {
  const mounts = (request.hostConfig['Mounts'] ?? []) as readonly {
    readonly Type: string
    readonly Source?: string
    readonly Target: string
  }[]
  return (
    image === images.find(imageOf(request)) &&
    mounts.every(({ Type, Source = '', Target }) => Type !== 'image' || [undefined, images.find(Source)].includes(mountedImages[Target]))
  )
}

/** With the hash that it has among the containers that are there. */
export function withBound(request: CreateRequest, bound: BoundHash | undefined, { containers }: World): CreateRequest {
  const hash = bound && boundHash(bound.text, (service) => containers.find(bound.containers[service] ?? service)?.id)
  if (hash === undefined) return request
  const labels = { ...(request.config['Labels'] as Record<string, string>), [label.configHash]: hash }
  return { ...request, config: { ...request.config, Labels: labels } }
}
