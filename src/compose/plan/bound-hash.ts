import { createHash } from 'node:crypto'

/**
 * What the hash of a container is taken of that lives in another service's namespaces, or has its volumes: Docker Compose puts the other
 * container's id in the service's place first, so that the hash is known only once that container is there.
 */
export interface BoundHash {
  readonly text: string
  /** The name of the container that stands for each service. */
  readonly containers: Readonly<Record<string, string>>
}

const namespaces = /"(network_mode|ipc|pid)":"service:([^"]+)"/g
const volumes = /"volumes_from":\[([^\]]*)\]/

/** Whether a service's hash is of that kind. */
export function isBound(text: string): boolean {
  return text.search(namespaces) >= 0 || volumes.test(text)
}

/** `idOf` tells the id of the container that stands for a service; undefined when one is not there. */
export function boundHash(text: string, idOf: (service: string) => string | undefined): string | undefined {
  let isThere = true
  const id = (service: string): string => {
    const found = idOf(service)
    isThere &&= found !== undefined
    return found ?? ''
  }
  const resolved = text
    .replaceAll(namespaces, (_, key: string, service: string) => `"${key}":"container:${id(service)}"`)
    .replace(
      volumes,
      (_, items: string) => `"volumes_from":[${items.replaceAll(/"([^"]*)"/g, (_item, one: string) => `"${source(one, id)}"`)}]`,
    )
  return isThere ? createHash('sha256').update(resolved).digest('hex') : undefined
}

/** `SERVICE[:MODE]`, `container:NAME[:MODE]`; Docker Compose drops the mode. */
function source(text: string, id: (service: string) => string): string {
  const [first = '', second = ''] = text.split(':')
  return first === 'container' ? second : id(first)
}
