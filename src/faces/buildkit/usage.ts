import { GalleyError } from '#base/error.ts'
import type { StepRecord } from '#build/cache/cache.ts'
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
  readonly type: 'regular' | 'source.local'
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
    [`${service}/DiskUsage`]: unary([diskUsageRequest, diskUsageResponse], ({ filter, ageLimit }) => {
      const fits = usageFilter(filter)
      const newest = ageLimit === 0n ? Infinity : buildkit.builder.clock.now() - Number(ageLimit / 1_000_000n)
      const records = usages(buildkit).filter((usage) => fits(usage) && usage.used < newest)
      return { records: records.map(recordOf) }
    }),
    [`${service}/Prune`]: streaming([pruneRequest, usageRecord], async function* (request) {
      for (const usage of await prune(buildkit, request)) yield recordOf(usage)
    }),
  }
}

function usages({ builder, kept }: Buildkit): Usage[] {
  const inImages = new Set(builder.images.list().flatMap(({ layers }) => layers))
  return [
    ...builder.cache.list().map((record) => ofStep(record, record.diffId !== undefined && inImages.has(record.diffId))),
    ...kept.list().map(ofContext),
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

/** Throws away what is asked for, least recently used first, and resolves with what is gone. */
async function prune(buildkit: Buildkit, request: Message<typeof pruneRequest>): Promise<Usage[]> {
  if (request.minFreeSpace > 0)
    throw new GalleyError('not implemented', 'pruning to a minimum of free space is not implemented by Galley', {
      subject: 'min-free-space',
    })
  const doomed = chosen(usages(buildkit), request, buildkit.builder.clock.now())
  const steps = new Set(doomed.filter(({ type }) => type === 'regular').map(({ id }) => id))
  const { deleted } = await pruneBuilds(buildkit.builder, {
    all: request.all,
    filters: new Map(),
    ...(!isForAll(request) && { chosen: steps }),
  })
  const contexts = await buildkit.kept.prune(new Set(doomed.filter(({ type }) => type === 'source.local').map(({ id }) => id)))
  const gone = new Set([...deleted, ...contexts])
  return doomed.filter(({ id }) => gone.has(id))
}

/** Nothing limits it: then cache mounts go too. */
function isForAll({ all, filter, keepDuration, reservedSpace, maxUsedSpace }: Message<typeof pruneRequest>): boolean {
  return all && filter.length === 0 && keepDuration === 0n && reservedSpace === 0 && maxUsedSpace === 0
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
    mutable: type === 'source.local',
  }
}
