import type { Clock } from '#base/clock.ts'
import { StandInMaker } from '#engine/catalogue/stand-ins.ts'
import { proxiesOf } from '#engine/catalogue/surroundings.ts'
import type { Images } from '#engine/images/images.ts'
import type { StandIns } from '#engine/images/pull.ts'
import type { Config } from './config.ts'

/** Layers made from packages are the same for all instances of a machine. */
const cache = '/var/cache/galley/stand-ins'

/** What makes images when no registry can be reached; nothing with `--stand-ins=off`. */
export function standInsFor({ standIns }: Config, images: Images, clock: Clock): StandIns | undefined {
  return standIns ? new StandInMaker({ images, cache, proxies: proxiesOf(process.env), clock }) : undefined
}
