import { GalleyError } from '#base/error.ts'
import { presentLinks } from './connect.ts'
import type { Engine } from './engine.ts'
import { parseLink } from './links.ts'
import { followNetworks, resolvConf } from './network-files.ts'
import { hasProcesses } from './status.ts'

/**
 * `docker rm --link`: takes the link `container/alias` away from a container, and its name out of `/etc/hosts` when it runs. Throws
 * `not found`, and `conflict` for a container's own name.
 */
export function unlink(engine: Engine, path: string): Promise<void> {
  const [, parent = '', alias = ''] = /^\/?(.*?)(?:\/([^/]*))?$/.exec(path) ?? []
  const { id } = engine.containers.get(parent)
  if (alias === '') throw new GalleyError('conflict', 'Conflict, cannot remove the default link name of the container', { subject: path })
  return engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    const Links = container.hostConfig.Links.filter((text) => parseLink(text).alias !== alias)
    if (Links.length === container.hostConfig.Links.length)
      throw new GalleyError('not found', `No such container: ${path}`, { subject: path })
    const resolver = hasProcesses(container) ? resolvConf(container) : undefined
    const before = container.hostConfig
    container.hostConfig = { ...before, Links }
    if (resolver !== undefined) followNetworks(engine, container, { links: presentLinks(engine, container), resolver })
    await engine.containers.saveOr(() => void (container.hostConfig = before), container)
  })
}
