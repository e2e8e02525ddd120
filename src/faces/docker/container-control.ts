import type { Engine } from '#engine/containers/engine.ts'
import { pause, unpause } from '#engine/containers/pause.ts'
import { top } from '#engine/containers/top.ts'
import { update, type Changes } from '#engine/containers/update.ts'
import { warningsFor } from '#engine/containers/warnings.ts'
import { updateBody } from './container-body.ts'
import { readJson, sendEmpty, sendJson, type Call, type Routes } from './route.ts'
import { sendStats } from './stats.ts'
import { decodeBody } from './typed-body.ts'

const changeable = [
  'BlkioWeight',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'CpuShares',
  'CpusetCpus',
  'CpusetMems',
  'Memory',
  'MemoryReservation',
  'MemorySwap',
  'NanoCpus',
  'PidsLimit',
  'RestartPolicy',
] as const satisfies readonly (keyof Changes)[]

/** What looks into running containers and changes them, without ending them. */
export function controlRoutes(engine: Engine): Routes {
  const id = (call: Call): string => call.params['id'] ?? ''
  return {
    'POST /containers/{id}/pause': async (call) => {
      await pause(engine, id(call))
      sendEmpty(call)
    },
    'POST /containers/{id}/unpause': async (call) => {
      await unpause(engine, id(call))
      sendEmpty(call)
    },
    'POST /containers/{id}/update': async (call) => {
      const body = decodeBody(await readJson(call), updateBody)
      const known = changeable.filter((name) => body[name] != null && (name !== 'PidsLimit' || call.minor >= 40))
      const changes = Object.fromEntries(known.map((name) => [name, body[name]])) as Changes
      const { hostConfig } = await update(engine, id(call), changes)
      sendJson(call, 200, { Warnings: warningsFor(hostConfig) })
    },
    'GET /containers/{id}/stats': (call) => sendStats(engine, engine.containers.get(id(call)), call),
    'GET /containers/{id}/top': async (call) => {
      const { titles, rows } = await top(engine, id(call), call.query.get('ps_args') || '-ef')
      sendJson(call, 200, { Processes: rows, Titles: titles })
    },
  }
}
