import type { Container, EndpointWishes } from '#engine/containers/model.ts'
import { create } from '#engine/containers/create.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Condition } from '#engine/containers/container-index.ts'
import { remove } from '#engine/containers/remove.ts'
import { unlink } from '#engine/containers/unlink.ts'
import { rename } from '#engine/containers/rename.ts'
import { restart } from '#engine/containers/restart.ts'
import { start } from '#engine/containers/start-by-hand.ts'
import { isRunning } from '#engine/containers/status.ts'
import { kill, stop } from '#engine/containers/stop.ts'
import { platformWarnings, warningsFor } from '#engine/containers/warnings.ts'
import { modeWarnings } from '#engine/logs/options.ts'
import { GalleyError, kindOf } from '#base/error.ts'
import { attach, outputGiven, resize } from './attach.ts'
import { createBody } from './container-body.ts'
import { controlRoutes } from './container-control.ts'
import { aliasesOf, inspect, summary } from './container-shapes.ts'
import { sizeFields } from './disk-usage.ts'
import { containerTests } from './container-filters.ts'
import { selection } from './selection.ts'
import { sendLogs } from './logs.ts'
import { decodeBody } from './typed-body.ts'
import { filters, flag, readJson, sendEmpty, sendJson, type Call, type Routes } from './route.ts'

/**
 * Containers of the Engine API. Attach over WebSocket: `attach-websocket.ts`; files in and out: `archive.ts`,
 * `container-files.ts`.
 */
export function containerRoutes(engine: Engine): Routes {
  const one = (call: Call): Container => engine.containers.get(call.params['id'] ?? '')
  return {
    ...controlRoutes(engine),
    'GET /containers/json': (call) => list(engine, call),
    'POST /containers/create': (call) => createOne(engine, call),
    'GET /containers/{id…}/json': async (call) => {
      const container = one(call)
      const sizes = flag(call.query, 'size') ? await sizeFields(engine, container) : {}
      sendJson(call, 200, { ...inspect(engine, container, call.minor), ...sizes })
    },
    'POST /containers/{id}/start': async (call) => {
      await start(engine, call.params['id'] ?? '')
      sendEmpty(call)
    },
    'POST /containers/{id}/stop': async (call) => {
      await stop(engine, call.params['id'] ?? '', stopWishes(call))
      sendEmpty(call)
    },
    'POST /containers/{id}/restart': async (call) => {
      await restart(engine, call.params['id'] ?? '', stopWishes(call))
      sendEmpty(call)
    },
    'POST /containers/{id}/kill': async (call) => {
      await kill(engine, call.params['id'] ?? '', call.query.get('signal') || 'SIGKILL')
      sendEmpty(call)
    },
    'POST /containers/{id}/rename': async (call) => {
      await rename(engine, call.params['id'] ?? '', call.query.get('name') ?? '')
      sendEmpty(call)
    },
    'POST /containers/{id}/wait': (call) => wait(engine, call),
    'POST /containers/{id}/resize': async (call) => {
      await resize(engine, call)
      sendEmpty(call, 200)
    },
    'POST /containers/{id}/attach': (call) => attach(engine, call),
    'GET /containers/{id}/logs': (call) => sendLogs(engine, one(call), call),
    'DELETE /containers/{id…}': async (call) => {
      if (flag(call.query, 'link')) await unlink(engine, call.params['id'] ?? '')
      else await remove(engine, call.params['id'] ?? '', { force: flag(call.query, 'force'), volumes: flag(call.query, 'v') })
      sendEmpty(call)
    },
    'POST /containers/prune': (call) => prune(engine, call),
  }
}

/** `t` is in whole seconds. Throws `invalid`. */
function stopWishes({ query }: Call): { timeout?: number; signal?: string } {
  const [timeout, signal] = [query.get('t') ?? '', query.get('signal')]
  if (!/^[+-]?\d*$/.test(timeout)) throw new GalleyError('invalid', `invalid number of seconds: ${timeout}`, { subject: 't' })
  return { ...(timeout !== '' && { timeout: Number(timeout) }), ...(signal && { signal }) }
}

async function list(engine: Engine, call: Call): Promise<void> {
  const wanted = filters(call.query)
  const limit = Number(call.query.get('limit') || -1)
  if (!Number.isInteger(limit))
    throw new GalleyError('invalid', `strconv.Atoi: parsing "${call.query.get('limit')}": invalid syntax`, { subject: 'limit' })
  const all = flag(call.query, 'all') || limit > 0 || ['status', 'exited'].some((name) => wanted.has(name))
  const isWanted = selection(containerTests, wanted, engine)
  const found = engine.containers
    .list()
    .toSorted((a, b) => b.created - a.created)
    .filter((container) => (all || isRunning(container)) && isWanted(container))
  const aliases = aliasesOf(engine)
  const rows = (limit > 0 ? found.slice(0, limit) : found).map(async (container) => ({
    ...summary(engine, container, { aliases, minor: call.minor }),
    ...(flag(call.query, 'size') && (await sizeFields(engine, container))),
  }))
  sendJson(call, 200, await Promise.all(rows))
}

async function createOne(engine: Engine, call: Call): Promise<void> {
  const { HostConfig, NetworkingConfig, ...config } = decodeBody(await readJson(call), createBody)
  if (Object.keys(config).length === 0)
    throw new GalleyError('invalid', 'config cannot be empty in order to create a container', { code: 'container.no-config' })
  const endpoints =
    (NetworkingConfig as { EndpointsConfig?: Record<string, EndpointWishes | null> } | null | undefined)?.EndpointsConfig ?? {}
  if (call.minor < 44 && Object.keys(endpoints).length > 1)
    throw new GalleyError('invalid', `Container cannot be created with multiple network endpoints: ${Object.keys(endpoints).join(', ')}`)
  const platform = call.query.get('platform') ?? ''
  const container = await create(engine, {
    name: call.query.get('name') ?? '',
    platform,
    config,
    hostConfig: asOf(call.minor, (HostConfig ?? {}) as Record<string, unknown>),
    ...(call.minor < 44 && { writableBelow: true }),
    endpoints: Object.fromEntries(Object.entries(endpoints).map(([name, wishes]) => [name, wishes ?? {}])),
  })
  sendJson(call, 201, {
    Id: container.id,
    Warnings: [
      ...platformWarnings(engine.images.resolve(container.image).platform, platform),
      ...warningsFor(container.hostConfig),
      ...modeWarnings(container.hostConfig.LogConfig),
    ],
  })
}

/** What a client of an older API leaves out means what it meant then. */
function asOf(minor: number, hostConfig: Record<string, unknown>): Record<string, unknown> {
  return minor < 40 && !hostConfig['IpcMode'] ? { ...hostConfig, IpcMode: 'shareable' } : hostConfig
}

/** The head goes out at once: the CLI starts the container only after it (notes of docker/cli, container/run.go). */
async function wait(engine: Engine, call: Call): Promise<void> {
  const container = engine.containers.get(call.params['id'] ?? '')
  const condition = (call.query.get('condition') || 'not-running') as Condition
  if (!['not-running', 'next-exit', 'removed'].includes(condition)) throw new GalleyError('invalid', `invalid condition: "${condition}"`)
  const outcome = engine.containers.wait(container, condition, call.signal)
  call.response.writeHead(200, { 'content-type': 'application/json' })
  call.response.flushHeaders()
  const { code, error } = await outcome
  await outputGiven(container.id)
  call.response.end(`${JSON.stringify({ StatusCode: code, ...(error !== undefined && { Error: { Message: error } }) })}\n`)
}

async function prune(engine: Engine, call: Call): Promise<void> {
  const isWanted = selection(containerTests, filters(call.query), engine)
  const dead = engine.containers
    .list()
    .filter((container) => ['created', 'exited', 'dead'].includes(container.state.status) && isWanted(container))
  const removed: string[] = []
  let reclaimed = 0
  for (const container of dead) {
    const { SizeRw } = await sizeFields(engine, container)
    try {
      await remove(engine, container.id, { force: false, volumes: false })
    } catch (error) {
      // Somebody has started or removed it meanwhile: the others go all the same.
      if (!['conflict', 'not found'].includes(kindOf(error))) throw error
      continue
    }
    removed.push(container.id)
    reclaimed += SizeRw
  }
  sendJson(call, 200, { ContainersDeleted: removed, SpaceReclaimed: reclaimed })
}
