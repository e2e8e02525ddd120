import { GalleyError } from '#base/error.ts'
import type { StepRecord } from '#build/cache/cache.ts'
import type { CachedDirectory } from '#build/cache/mount-caches.ts'
import { pruneBuilds } from '#build/cache/prune.ts'
import type { Buildkit } from './buildkit.ts'
import { diskUsageRequest, diskUsageResponse, pruneRequest, timestampOf, usageRecord } from './messages/control.ts'
import { streaming, unary, type RpcRoutes } from './grpc/serve.ts'
import type { KeptContext } from './session/kept-contexts.ts'
import type { Given, Message } from './wire/message.ts'
import { usageFilter } from './usage-filter.ts'

/** Something that builds left, which may be thrown away. */
export interface Usage {
  readonly id: string
  readonly type: 'regular' | 'source.local' | 'exec.cachemount'
  readonly description: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly created: number
  readonly used: number
  readonly uses: number
  readonly inUse: boolean
  /** An image has it too, so that throwing it away frees nothing. */
  readonly shared: boolean
}

/** What builds left: `buildx du` and `buildx prune` (DiskUsage, Prune of the Control service). */
export function usageRoutes(buildkit: Buildkit, service: string): RpcRoutes {
  return {
    [`${service}/DiskUsage`]: unary([diskUsageRequest, diskUsageResponse], async ({ filter, ageLimit }) => {
      const fits = usageFilter(filter)
      const newest = ageLimit === 0n ? Infinity : buildkit.builder.clock.now() - Number(ageLimit / 1_000_000n)
      const records = (await usages(buildkit)).filter((usage) => fits(usage) && usage.used < newest)
      return { records: records.map(recordOf) }
    }),
    [`${service}/Prune`]: streaming([pruneRequest, usageRecord], async function* (request) {
      for (const usage of await prune(buildkit, request)) yield recordOf(usage)
    }),
  }
}

async function usages({ builder, kept }: Buildkit): Promise<Usage[]> {
  const inImages = new Set(builder.images.list().flatMap(({ layers }) => layers))
  return [
    ...builder.cache.list().map((record) => ofStep(record, record.diffId !== undefined && inImages.has(record.diffId))),
    ...kept.list().map(ofContext),
    ...(await builder.caches.list()).map(ofCache),
  ]
}

function ofStep({ key, text, size, created, used, uses }: StepRecord, shared: boolean): Usage {
  return { id: key, type: 'regular', description: text, size, created, used, uses, inUse: false, shared }
}

function ofContext({ id, size, used, taken }: KeptContext): Usage {
  return {
    id,
    type: 'source.local',
    description: 'local source for context',
    size,
    created: used,
    used,
    uses: 0,
    inUse: taken,
    shared: false,
  }
}

function ofCache({ name, id, size, created, used, inUse }: CachedDirectory): Usage {
  return { id: name, type: 'exec.cachemount', description: `cached mount ${id}`, size, created, used, uses: 0, inUse, shared: false }
}

/** Throws away what is asked for, least recently used first, and resolves with what is gone. */
async function prune(buildkit: Buildkit, request: Message<typeof pruneRequest>): Promise<Usage[]> {
  if (request.minFreeSpace > 0)
    throw new GalleyError('not implemented', 'pruning to a minimum of free space is not implemented by Galley', {
      subject: 'min-free-space',
    })
  const { builder, kept } = buildkit
  const doomed = chosen(await usages(buildkit), request, builder.clock.now())
  const ids = (type: Usage['type']): Set<string> => new Set(doomed.filter((usage) => usage.type === type).map(({ id }) => id))
  const { deleted } = await pruneBuilds(builder, { all: request.all, filters: new Map(), chosen: ids('regular') })
  const contexts = await kept.prune(ids('source.local'))
  const gone = new Set([...deleted, ...contexts, ...builder.caches.prune(ids('exec.cachemount'))])
  return doomed.filter(({ id }) => gone.has(id))
}

function chosen(all: readonly Usage[], request: Message<typeof pruneRequest>, now: number): Usage[] {
  const fits = usageFilter(request.filter)
  const old = now - Number(request.keepDuration / 1_000_000n)
  const mayGo = all.filter((usage) => !usage.inUse && (request.all || !usage.shared) && fits(usage) && usage.used <= old)
  const most = Math.max(request.reservedSpace, request.maxUsedSpace)
  if (most === 0) return mayGo
  let total = all.reduce((sum, { size }) => sum + size, 0)
  return mayGo
    .toSorted((a, b) => a.used - b.used)
    .filter(({ size }) => {
      if (total <= most) return false
      total -= size
      return true
    })
}

function recordOf({ id, type, description, size, created, used, uses, inUse, shared }: Usage): Given<typeof usageRecord> {
  return {
    id,
    recordType: type,
    description,
    size,
    createdAt: timestampOf(created),
    lastUsedAt: timestampOf(used),
    usageCount: uses,
    inUse,
    shared,
    mutable: type !== 'regular',
  }
}
