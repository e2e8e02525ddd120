import { GalleyError } from '#base/error.ts'
import type { StepRecord } from '#build/cache/cache.ts'
import { containerUsage } from '#engine/containers/usage.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { imageUsage } from '#engine/images/usage.ts'
import type { Container } from '#engine/containers/model.ts'
import type { Images } from '#engine/images/images.ts'
import type { Volumes } from '#engine/volumes/volumes.ts'
import { summary } from './container-shapes.ts'
import { imageSummary } from './image-shapes.ts'
import { sendJson, type Call, type Routes } from './route.ts'
import { volumeShape } from './volumes.ts'

export interface DiskUsers {
  readonly engine: Engine
  readonly images: Images
  readonly volumes: Volumes
  /** Results of build steps that are remembered. */
  readonly steps: () => readonly StepRecord[]
}

/** `docker system df` in the Engine API, up to 1.51; the reshaped answer of 1.52 is missing. */
export function diskUsageRoutes(users: DiskUsers) {
  return { 'GET /system/df': (call) => send(users, call) } satisfies Routes
}

/** Only the sections that `type` names, or all of them. */
async function send({ engine, images, volumes, steps }: DiskUsers, call: Call): Promise<void> {
  const types = call.query.getAll('type')
  const unknown = types.find((type) => !['container', 'image', 'volume', 'build-cache'].includes(type))
  if (unknown !== undefined) throw new GalleyError('invalid', `unknown object type: ${unknown}`, { subject: unknown })
  const wants = (type: string): boolean => types.length === 0 || types.includes(type)
  const { total, shared } = wants('image') ? await imageUsage(images) : { total: 0, shared: new Map<string, number>() }
  sendJson(call, 200, {
    LayersSize: total,
    Images: wants('image')
      ? images.list().map((image) => imageSummary(image, { containers: images.usedBy(image.id).length, shared: shared.get(image.id) ?? 0 }))
      : null,
    Containers: wants('container') ? await containerSizes(engine) : null,
    Volumes: wants('volume') ? await volumeSizes(volumes) : null,
    BuildCache: wants('build-cache') ? stepSizes(images, steps()) : null,
    BuilderSize: 0,
  })
}

async function containerSizes(engine: Engine): Promise<object[]> {
  const rows: object[] = []
  for (const container of engine.containers.list()) rows.push({ ...summary(engine, container), ...(await sizeFields(engine, container)) })
  return rows
}

/** As lists and inspect carry them when they are asked for sizes. */
export async function sizeFields(engine: Engine, container: Container): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const { own, total } = await containerUsage(engine, container)
  return { SizeRw: own, SizeRootFs: total }
}

async function volumeSizes(volumes: Volumes): Promise<object[]> {
  const rows: object[] = []
  for (const volume of volumes.list())
    rows.push({
      ...volumeShape(volumes, volume),
      UsageData: { RefCount: volumes.uses(volume.name), Size: await volumes.size(volume.name) },
    })
  return rows
}

/** A layer that an image has too is shared: pruning the cache doesn't free it. */
function stepSizes(images: Images, steps: readonly StepRecord[]): object[] {
  const inImages = new Set(images.list().flatMap(({ layers }) => layers))
  return steps.map(({ key, text, diffId, size, created, used, uses }) => ({
    ID: key,
    Parents: null,
    Type: 'regular',
    Description: text,
    InUse: false,
    Shared: diffId !== undefined && inImages.has(diffId),
    Size: size,
    CreatedAt: new Date(created).toISOString(),
    LastUsedAt: new Date(used).toISOString(),
    UsageCount: uses,
  }))
}
