import type { Build, Project, Service } from '#compose/model/model.ts'
import { buildFiles } from './files.ts'
import type { Step } from './step.ts'

export interface ImagesWishes {
  readonly action: 'build' | 'pull'
  /** Nothing from the cache; base images anew. */
  readonly noCache?: boolean
  readonly pull?: boolean
  /** Build arguments beside the file's. */
  readonly args?: Readonly<Record<string, string>>
}

/** Builds the images of a project's services, or pulls those that aren't built. */
export function planImages(project: Project, { action, noCache, pull, args }: ImagesWishes): Step[] {
  const steps = new Map<string, Step>()
  for (const service of builtServices(project)) {
    const { image } = service
    const build = buildOf(service)
    const id = `image ${image}`
    if (action === 'pull' && build === undefined) steps.set(id, { id, needs: [], kind: 'image.pull', reference: image })
    if (action === 'build' && build !== undefined)
      steps.set(id, {
        id,
        needs: imagesBelow(project, build),
        kind: 'image.build',
        reference: image,
        build: {
          ...build,
          args: { ...build.args, ...args },
          ...(noCache === true && { noCache }),
          ...(pull === true && { pull }),
        },
        files: buildFiles(project, build),
      })
  }
  return [...steps.values()]
}

/** How a service's image is built: for the platform that its containers are for, where it says one. */
export function buildOf({ build, platform }: Service): Build | undefined {
  return build === undefined || platform === undefined ? build : { ...build, platforms: [platform] }
}

/** References of all images that a project's containers are made of or mount, and that its builds start from. */
export function imageNames(project: Project): string[] {
  return [...new Set(builtServices(project).flatMap((service) => [service.image, ...otherImages(service)]))]
}

/** The project's services, and those of which only the image is built. */
export function builtServices({ services, below = {} }: Project): Service[] {
  return [...Object.values(services), ...Object.values(below)]
}

/** What the image of a service is called. */
export function imageOfService({ services, below }: Project, name: string): string | undefined {
  return (services[name] ?? below?.[name])?.image
}

/** Images beside its own that a service needs: whose files it mounts, and that its `pre_start` hooks run in. */
export function otherImages({ mounts, preStart = [] }: Pick<Service, 'mounts' | 'preStart'>): string[] {
  return [...mounts.filter(({ type }) => type === 'image').map(({ source }) => source), ...preStart.flatMap(({ image }) => image ?? [])]
}

/** Ids of the steps of images that a build starts from: those of services that it names as contexts. */
export function imagesBelow(project: Project, { additionalContexts = {} }: Build): string[] {
  return Object.values(additionalContexts).flatMap((context) => {
    const image = context.startsWith('service:') ? imageOfService(project, context.slice('service:'.length)) : undefined
    return image === undefined ? [] : [`image ${image}`]
  })
}
