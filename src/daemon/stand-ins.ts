import type { Clock } from '#base/clock.ts'
import { buildImage } from '#build/build.ts'
import type { Builder } from '#build/builder.ts'
import { DirectoryContext } from '#build/context/directory-context.ts'
import type { BuildRecipe } from '#engine/catalogue/build-part.ts'
import { StandInMaker } from '#engine/catalogue/stand-ins.ts'
import { proxiesOf, recipeSurroundings } from '#engine/catalogue/surroundings.ts'
import type { Images } from '#engine/images/images.ts'
import type { Config } from './config.ts'

/** Parts made from packages are the same for all instances of a machine. */
const cache = '/var/cache/galley/stand-ins'

/** What makes images when no registry can be reached; nothing with `--stand-ins=off`. The builder comes later, as it pulls images itself. */
export function standInsFor({ standIns }: Config, images: Images, clock: Clock, builder: Promise<Builder>): StandInMaker | undefined {
  if (!standIns) return undefined
  return new StandInMaker({ images, cache, proxies: proxiesOf(process.env), clock, build: (request) => buildRecipe(builder, request) })
}

/** In the host's network, as its package mirror or proxy may be on its loopback; the Dockerfiles are Galley's own. */
async function buildRecipe(
  later: Promise<Builder>,
  { suite, directory, onOutput, ...request }: Parameters<BuildRecipe>[0],
): ReturnType<BuildRecipe> {
  const builder = await later
  const around = { directory: `${builder.directory}/surroundings-${suite}`, environment: process.env }
  const forRecipe = { ...builder, surroundings: () => recipeSurroundings(suite, around) }
  const { id } = await buildImage(forRecipe, {
    ...request,
    context: new DirectoryContext(directory),
    tags: [],
    labels: {},
    limits: { network: 'host', hosts: [], resources: {} },
    onProgress: (event) => {
      if (event.type === 'output') onOutput(event.text)
    },
  })
  return id
}
