import type { Build, Project, Service } from '#compose/model/model.ts'
import { buildFiles } from './files.ts'
import type { Step } from './step.ts'

export interface ImagesWishes {
  readonly action: 'build' | 'pull'
  /** Of a pull: what is built is pulled too, where it has a name of its own, and each service's pull_policy counts, as for Docker Compose. */
  readonly buildable?: boolean
  /** Of a pull: instead of what the services say, where they name an image. */
  readonly policy?: 'always' | 'missing' | 'never' | 'build'
  /** What can't be pulled is told, and no failure. */
  readonly ignoreFailures?: boolean
  /** Nothing from the cache; base images anew. */
  readonly noCache?: boolean
  readonly pull?: boolean
  /** Build arguments beside the file's. */
  readonly args?: Readonly<Record<string, string>>
}

/** An image that is not pulled, and the words for why. */
export interface Spared {
  readonly image: string
  readonly why: string
}

/** Builds the images of a project's services. */
export function planBuilds(project: Project, { noCache, pull, args }: ImagesWishes): Step[] {
  const steps = new Map<string, Step>()
  for (const service of builtServices(project)) {
    const { image } = service
    const build = buildOf(service)
    const id = `image ${image}`
    if (build !== undefined)
      steps.set(id, {
        id,
        needs: imagesBefore(project, service, build),
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

/** Pulls the images of a project's services, but for those that there is a reason to spare. */
export function planPulls(
  project: Project,
  wishes: ImagesWishes,
  isHere: (image: string) => boolean,
): { readonly steps: Step[]; readonly spared: Spared[] } {
  const steps = new Map<string, Step>()
  const spared: Spared[] = []
  for (const service of builtServices(project)) {
    const { image } = service
    const why = sparedFor(project, service, wishes, isHere)
    if (why !== undefined) spared.push({ image, why })
    else steps.set(`image ${image}`, { id: `image ${image}`, needs: [], kind: 'image.pull', reference: image })
  }
  return { steps: [...steps.values()], spared }
}

function sparedFor(
  project: Project,
  service: Service,
  { buildable, policy }: ImagesWishes,
  isHere: (image: string) => boolean,
): string | undefined {
  if (!hasImageName(project, service)) return 'Skipped - No image to be pulled'
  const when = policy ?? (buildable === undefined ? undefined : service.pullPolicy?.when)
  if (when === 'never' || when === 'build') return 'Skipped'
  // What is the latest may be another one by now.
  if (when === 'missing' && isHere(service.image) && !/(?:\/|^)[^:/]+(?::latest)?$/.test(service.image))
    return 'Skipped - Image is already present locally'
  return buildable !== true && service.build !== undefined ? 'Skipped - Image can be built' : undefined
}

/** Whether a service names its image; one that is built may leave that to Compose. */
export function hasImageName(
  { name: project, separator = '-' }: Pick<Project, 'name' | 'separator'>,
  { build, image, name }: Service,
): boolean {
  return build === undefined || image !== `${project}${separator}${name}`
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
function imagesBelow(project: Project, { additionalContexts = {} }: Build): string[] {
  return Object.values(additionalContexts).flatMap((context) => {
    const image = context.startsWith('service:') ? imageOfService(project, context.slice('service:'.length)) : undefined
    return image === undefined ? [] : [`image ${image}`]
  })
}

/**
 * The same, and those of services that it depends on where these are built under names of their own: its Dockerfile may begin with such
 * a name, as Docker Compose's classic builds allow. Not where the two kinds together would go round in a circle.
 */
export function imagesBefore(project: Project, service: Service, build: Build): string[] {
  const own = `image ${service.image}`
  const others = imagesOfDependencies(project, service).filter((id) => id !== own && !leadsTo(project, id, own))
  return [...new Set([...imagesBelow(project, build), ...others])]
}

function imagesOfDependencies(project: Project, { dependsOn }: Service): string[] {
  return Object.keys(dependsOn).flatMap((name) => {
    const other = project.services[name] ?? project.below?.[name]
    return other?.build !== undefined && hasImageName(project, other) ? [`image ${other.image}`] : []
  })
}

/** Whether the image of one step would be built after that of another. */
function leadsTo(project: Project, from: string, to: string, seen: Set<string> = new Set()): boolean {
  if (seen.has(from)) return false
  seen.add(from)
  const next = builtServices(project).flatMap((service) =>
    service.build === undefined || from !== `image ${service.image}`
      ? []
      : [...imagesBelow(project, service.build), ...imagesOfDependencies(project, service)],
  )
  return next.some((id) => id === to || leadsTo(project, id, to, seen))
}
