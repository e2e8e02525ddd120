import { GalleyError } from '#base/error.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { buildFiles } from './files.ts'
import { buildOf, builtServices } from './images.ts'
import type { Action, Observed } from './step.ts'

type ImageAction = Extract<Action, { readonly kind: 'image.pull' | 'image.build' }>

interface Wishes {
  /** Build images anew that are here already. */
  readonly build: boolean
  /** Build nothing. */
  readonly noBuild?: boolean
  /** Instead of what the service says. */
  readonly pull?: 'always' | 'missing' | 'never'
}

/** What brings a service's image here; undefined when it is here as it should be. Throws `not found` for one that may not be pulled. */
export function imageStep(
  project: Project,
  service: Service,
  observed: Observed,
  { build: anew, pull, noBuild = false }: Wishes,
): ImageAction | undefined {
  const { image, pullPolicy } = service
  const build = buildOf(service)
  const here = observed.images[image] !== undefined
  const policy = pull ?? pullPolicy?.when ?? 'missing'
  if (build !== undefined) {
    if (noBuild && !here)
      throw new GalleyError('not found', `No such image: ${image}`, {
        code: 'image.not-found',
        subject: image,
        advice: '--no-build says not to build it.',
      })
    if (noBuild) return undefined
    const isDue = !here || anew || policy === 'build'
    return isDue ? { kind: 'image.build', reference: image, build, files: buildFiles(project, build) } : undefined
  }
  // Another service builds it.
  if (builtServices(project).some((other) => other.build !== undefined && other.image === image)) return undefined
  if (policy === 'never' && !here)
    throw new GalleyError('not found', `No such image: ${image}`, {
      code: 'image.not-found',
      subject: image,
      advice: `pull_policy says never to pull it.`,
    })
  const isOld = policy === 'older' && pullPolicy?.when === 'older' && (observed.imageAges?.[image] ?? 0) >= pullPolicy.than / 1e6
  return policy === 'always' || !here || isOld ? { kind: 'image.pull', reference: image } : undefined
}
