import type { Clock } from '#base/clock.ts'
import { once } from '#base/once.ts'
import type { Builder } from '#build/builder.ts'
import type { BuildRecipe } from '#engine/catalogue/build-part.ts'
import { PartArchives } from '#engine/catalogue/part-archives.ts'
import type { StandInMaker } from '#engine/catalogue/stand-ins.ts'
import { proxiesOf } from '#engine/catalogue/surroundings.ts'
import type { Images } from '#engine/images/images.ts'
import type { StandIns } from '#engine/images/pull.ts'
import type { Config } from './config.ts'

/** Parts made from packages are the same for all instances of a machine. */
const cache = '/var/cache/galley/stand-ins'

/** What makes images when no registry can be reached. It is loaded when it is asked for. */
export interface LateStandIns extends StandIns {
  readonly maker: () => Promise<StandInMaker>
  /** Deletes what a crash left of archives that were being made. Call once, at the start. */
  readonly clearUp: () => void
}

/** Nothing with `--stand-ins=off`. The builder comes later, as it pulls images itself. */
export function standInsFor({ standIns }: Config, images: Images, clock: Clock, builder: Promise<Builder>): LateStandIns | undefined {
  if (!standIns) return undefined
  const maker = once(async () => {
    const { StandInMaker } = await import('#engine/catalogue/stand-ins.ts')
    const build: BuildRecipe = async (request) => (await import('./build-recipe.ts')).buildRecipe(await builder, request)
    return new StandInMaker({ images, cache, proxies: proxiesOf(process.env), clock, build })
  })
  const clearUp = (): void => new PartArchives(cache, clock).clearUp()
  return {
    maker,
    clearUp,
    make: async (reference, report) => await (await maker()).make(reference, report),
    offers: async (reference) => await (await maker()).offers(reference),
  }
}
