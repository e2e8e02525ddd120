import { buildImage } from '#build/build.ts'
import type { Builder } from '#build/builder.ts'
import { DirectoryContext } from '#build/context/directory-context.ts'
import type { BuildRecipe } from '#engine/catalogue/build-part.ts'
import { recipeSurroundings } from '#engine/catalogue/surroundings.ts'

/** In the host's network, as its package mirror or proxy may be on its loopback; the Dockerfiles are Galley's own. */
export async function buildRecipe(
  builder: Builder,
  { suite, directory, onOutput, ...request }: Parameters<BuildRecipe>[0],
): ReturnType<BuildRecipe> {
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
