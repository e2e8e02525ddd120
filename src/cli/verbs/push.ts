import { GalleyError, messageOf } from '#base/error.ts'
import { parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { hasImageName } from '#compose/plan/images.ts'
import type { Line } from '#faces/galley/line.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { dryRunOptions, isRehearsal, planned, tellRehearsal } from '../dry-run.ts'
import { jsonLines } from '../lines.ts'
import { loginHeader } from '../logins.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { onInterrupt, progressFor, progressOptions, quietOption, type ProgressWishes } from '../progress.ts'
import type { Progress } from '../render/progress.ts'
import { directoryAndServices, readProject } from '../project.ts'

const syntax = {
  usage: 'push [DIR] [SERVICE…]',
  does: "Pushes the images that a project's services are built as, with the credentials of docker login.",
  operands: Infinity,
  options: {
    ...projectOptions,
    'include-deps': { type: 'boolean', does: 'of what they depend on, too' },
    'ignore-push-failures': { type: 'boolean', does: 'what can not be pushed is told, and no failure' },
    ...quietOption,
    ...dryRunOptions,
    ...progressOptions,
  },
} as const satisfies Syntax

interface PushLine {
  readonly error?: string
  readonly status?: string
  readonly id?: string
}

export const push: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const { directory, services } = directoryAndServices(positionals)
    const project = await readProject(values, directory, services)
    const isWanted = ({ name }: Service): boolean => services.length === 0 || values['include-deps'] === true || services.includes(name)
    const built = Object.values(project.services).filter((service) => service.build !== undefined && isWanted(service))
    if (built.length === 0) throw new GalleyError('not found', 'no service of these is built', { advice: 'Only what is built is pushed.' })
    if (isRehearsal(values))
      await tellRehearsal(await rehearsedPushes(project, built, { ignoresFailures: values['ignore-push-failures'] === true }), values)
    else await pushBuilt(project, built, { ...values, ignoresFailures: values['ignore-push-failures'] === true })
    return 0
  },
}

/** The images that services are built as, and their further tags. Those that no file gives a name are for this machine alone. */
function imagesOf(project: Project, service: Service): readonly string[] {
  return hasImageName(project, service) ? [service.image, ...(service.build?.tags ?? [])] : []
}

/** What `pushBuilt` would do with images that are built before. */
export function pushes(project: Project, built: readonly Service[]): Line[] {
  return pushed(project, built).map(({ image }) => planned(`Image ${image}`, 'push'))
}

function pushed(project: Project, built: readonly Service[]): { readonly service: Service; readonly image: string }[] {
  return built.flatMap((service) => imagesOf(project, service).map((image) => ({ service, image })))
}

/** What `pushBuilt` would do, after its registries were asked. Throws what the first one would fail with, as that does. */
export async function rehearsedPushes(
  project: Project,
  built: readonly Service[],
  { ignoresFailures }: { readonly ignoresFailures: boolean },
): Promise<Line[]> {
  return await Promise.all(
    pushed(project, built).map(async ({ service, image }): Promise<Line> => {
      try {
        await checkPush(image)
        return planned(`Image ${image}`, 'push')
      } catch (error) {
        if (!ignoresFailures) throw error
        return { type: 'warning', text: `Pushing ${service.name}: ${messageOf(error)}` }
      }
    }),
  )
}

async function checkPush(image: string): Promise<void> {
  const headers = loginHeader(parseImageReference(image).domain)
  const response = await ask(`/galley/v1/pushes?reference=${encodeURIComponent(image)}`, { headers })
  response.resume()
}

/**
 * Pushes the images of services. Throws what the first one fails with, unless failures are to be told alone.
 */
export async function pushBuilt(
  project: Project,
  built: readonly Service[],
  { ignoresFailures, ...wishes }: ProgressWishes & { readonly ignoresFailures: boolean },
): Promise<void> {
  using progress = progressFor(process.stderr, wishes)
  using _interrupt = onInterrupt(progress, 'what has arrived stays; the next push goes on from there.')
  for (const service of built) {
    const images = imagesOf(project, service)
    if (images.length === 0) drawn(progress, service.image)('Skipped', 'done')
    for (const image of images)
      await pushImage(image, progress).catch((error: unknown) => {
        if (!ignoresFailures) throw error
        progress.draw({ type: 'warning', text: `Pushing ${service.name}: ${messageOf(error)}` })
      })
  }
}

type Draw = (status: string, state: 'working' | 'done' | 'failed', detail?: string) => void

function drawn(progress: Progress, image: string): Draw {
  return (status, state, detail) =>
    progress.draw({ type: 'step', id: `image ${image}`, subject: `Image ${image}`, status, state, ...(detail !== undefined && { detail }) })
}

async function pushImage(image: string, progress: Progress): Promise<void> {
  const { domain, path, tag } = withDefaultTag(parseImageReference(image))
  const headers = loginHeader(domain)
  const draw = drawn(progress, image)
  draw('Pushing', 'working')
  for await (const line of jsonLines<PushLine>(
    await ask(`/images/${domain}/${path}/push?tag=${tag ?? 'latest'}`, { method: 'POST', headers }),
  )) {
    if (line.error !== undefined) {
      draw('Error', 'failed', line.error)
      throw new GalleyError('unavailable', `${image}: ${line.error}`, { subject: image })
    }
    if (line.id === undefined && line.status !== undefined) draw('Pushing', 'working', line.status)
  }
  draw('Pushed', 'done')
}
