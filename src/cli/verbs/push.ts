import { GalleyError } from '#base/error.ts'
import { parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { jsonLines } from '../lines.ts'
import { loginHeader } from '../logins.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { onInterrupt, progressFor, progressOptions, quietOption } from '../progress.ts'
import type { Progress } from '../render/progress.ts'
import { directoryAndServices, readProject } from '../project.ts'

const syntax = {
  usage: 'push [DIR] [SERVICE…]',
  does: "Pushes the images that a project's services are built as, with the credentials of docker login.",
  operands: Infinity,
  options: { ...projectOptions, ...quietOption, ...progressOptions },
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
    const built = Object.values(project.services).filter(
      ({ build, name }) => build !== undefined && (services.length === 0 || services.includes(name)),
    )
    if (built.length === 0) throw new GalleyError('not found', 'no service of these is built', { advice: 'Only what is built is pushed.' })
    using progress = progressFor(process.stderr, values)
    using _interrupt = onInterrupt(progress, 'what has arrived stays; the next push goes on from there.')
    for (const { image } of built) await pushImage(image, progress)
    return 0
  },
}

async function pushImage(image: string, progress: Progress): Promise<void> {
  const { domain, path, tag } = withDefaultTag(parseImageReference(image))
  const headers = loginHeader(domain)
  const draw = (status: string, state: 'working' | 'done' | 'failed', detail?: string): void =>
    progress.draw({ type: 'step', id: `image ${image}`, subject: `Image ${image}`, status, state, ...(detail !== undefined && { detail }) })
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
