import { GalleyError } from '#base/error.ts'
import { sendJson, type Handler, type Routes } from './route.ts'

const paths = ['/swarm/update', '/swarm/unlockkey', '/nodes', '/services', '/tasks', '/secrets', '/configs'] as const

/**
 * Swarm mode, and plugins, which Galley doesn't have: everything is answered as a Docker Engine answers that belongs to no swarm and
 * has no plugins, so that clients that ask first go on without them. What would make a swarm or a plugin is refused by name.
 */
export function swarmRoutes(): Routes {
  const collections = paths.flatMap((path) => [
    [`GET ${path}`, notManager],
    [`POST ${path}`, notManager],
    [`GET ${path}/{rest…}`, notManager],
    [`POST ${path}/{rest…}`, notManager],
    [`DELETE ${path}/{rest…}`, notManager],
  ])
  return {
    ...(Object.fromEntries(collections) as Routes),
    'GET /swarm': notManager,
    'POST /swarm/leave': notPart,
    'POST /swarm/unlock': notPart,
    'POST /swarm/init': refused('swarm mode'),
    'POST /swarm/join': refused('swarm mode'),
    'GET /plugins': (call) => sendJson(call, 200, []),
    'GET /plugins/privileges': refused('managed plugins'),
    'POST /plugins/pull': refused('managed plugins'),
    'POST /plugins/create': refused('managed plugins'),
    'GET /plugins/{name…}/json': noPlugin,
    'DELETE /plugins/{name…}': noPlugin,
    'POST /plugins/{name…}/enable': noPlugin,
    'POST /plugins/{name…}/disable': noPlugin,
    'POST /plugins/{name…}/upgrade': noPlugin,
    'POST /plugins/{name…}/push': noPlugin,
    'POST /plugins/{name…}/set': noPlugin,
  }
}

const notManager: Handler = () => {
  throw new GalleyError(
    'unavailable',
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    { code: 'swarm.absent', advice: 'Galley has no swarm mode; galley up runs Compose projects.' },
  )
}

const notPart: Handler = () => {
  throw new GalleyError('unavailable', 'This node is not part of a swarm', { code: 'swarm.absent' })
}

const noPlugin: Handler = (call) => {
  const name = call.params['name'] ?? ''
  throw new GalleyError('not found', `plugin "${name}" not found`, { code: 'plugin.not-found', subject: name })
}

function refused(what: string): Handler {
  return () => {
    throw new GalleyError('not implemented', `${what} is not implemented by Galley`, { code: 'face.not-implemented', subject: what })
  }
}
