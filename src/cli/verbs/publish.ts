import { GalleyError, messageOf } from '#base/error.ts'
import { parseImageReference } from '#base/image-reference.ts'
import type { Loaded } from '#compose/model/load.ts'
import type { Project } from '#compose/model/model.ts'
import { openText } from '#compose/model/printed.ts'
import { fileLayer, type Layer } from '#compose/model/publish/artifact.ts'
import { findingsIn } from '#compose/model/publish/findings.ts'
import { layersOf } from '#compose/model/publish/layers.ts'
import { hasImageName } from '#compose/plan/images.ts'
import type { PublishRequest } from '#faces/galley/artifacts.ts'
import type { Command, Syntax } from '../command.ts'
import { confirmed } from '../confirm.ts'
import { askJson } from '../connect.ts'
import { dryRunOptions, isRehearsal, planned, tellRehearsal } from '../dry-run.ts'
import { loginHeader } from '../logins.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { progressFor, progressOptions } from '../progress.ts'
import { readDocument, readProject } from '../project.ts'
import { say } from '../say.ts'
import { inWords } from '../words.ts'
import { withDigests } from './image-digests.ts'
import { pushBuilt, rehearsedPushes } from './push.ts'

const syntax = {
  usage: 'publish NAME[:TAG]',
  does: `Publishes the project in a registry, as docker compose does: its files under one name, by which others run it (galley up -f oci://NAME:TAG).
Images that it builds are pushed, too. What in it could be secret is shown, and asked for, first.`,
  operands: 1,
  options: {
    ...projectOptions,
    'oci-version': {
      type: 'string',
      value: '1.0|1.1',
      does: 'the version of the OCI specification; the newest that the registry takes, if no other',
    },
    'resolve-image-digests': { type: 'boolean', does: 'with the digests that the tags of its images stand for now' },
    'with-env': { type: 'boolean', does: 'with each env_file; variables are not asked for' },
    yes: { type: 'boolean', short: 'y', does: 'do not ask' },
    ...dryRunOptions,
    ...progressOptions,
  },
  refused: { app: { type: 'boolean', does: 'Images stay where they are; the project names them.' } },
} as const satisfies Syntax

export const publish: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const [name] = positionals
    if (name === undefined)
      throw new GalleyError('invalid', 'galley publish takes a name', {
        code: 'cli.arguments',
        advice: 'galley publish localhost:5000/team/app:1',
      })
    const every = { ...values, profile: ['*'] }
    const project = await readProject(every)
    refuseNameless(project)
    const loaded = await readDocument(every, { wishes: { keepsUnused: true } })
    const layers = await filesToPublish(loaded, values)
    const built = Object.values(project.services).filter(({ build }) => build !== undefined)
    if (isRehearsal(values)) {
      const pushes = await rehearsedPushes(project, built, { ignoresFailures: true })
      await tellRehearsal([...pushes, planned(`Project ${name}`, 'publish', layers.map(nameOf))], values)
      return 0
    }
    await agree(project, layers, values)
    await pushBuilt(project, built, { ...values, ignoresFailures: true })
    await send({ reference: name, layers, ...ociVersion(values['oci-version']) }, values)
    return 0
  },
}

type Values = ReturnType<typeof parseOptions<(typeof syntax)['options']>>['values']

function nameOf({ annotations }: Layer): string {
  return annotations['com.docker.compose.file'] ?? annotations['com.docker.compose.envfile'] ?? ''
}

function ociVersion(text: string | undefined): Pick<PublishRequest, 'ociVersion'> {
  if (text === undefined || text === '') return {}
  if (text === '1.0' || text === '1.1') return { ociVersion: text }
  throw new GalleyError('invalid', `--oci-version takes 1.0 or 1.1, not "${text}"`, { code: 'cli.option-value', subject: text })
}

/** Whoever runs it has no sources to build from. Throws `invalid`. */
function refuseNameless(project: Project): void {
  const names = Object.values(project.services)
    .filter((service) => service.build !== undefined && !hasImageName(project, service))
    .map(({ name }) => name)
  if (names.length === 0) return
  throw new GalleyError('invalid', `services without the name of an image cannot be published: ${names.join(', ')}`, {
    code: 'compose.only-build',
    subject: names[0] ?? '',
    advice: 'Write image: beside build:, under which the image is pushed.',
  })
}

async function filesToPublish(loaded: Loaded, values: Values): Promise<Layer[]> {
  if (loaded.files.includes('-'))
    throw new GalleyError('invalid', 'a Compose file on standard input cannot be published', { code: 'cli.arguments' })
  const layers = layersOf({ ...loaded, withEnv: values['with-env'] === true })
  if (values['resolve-image-digests'] !== true) return layers
  return [...layers, fileLayer('image-digests.yaml', openText((await withDigests(loaded, true)).document, 'yaml'))]
}

/** What could be secret is agreed to. Throws `invalid` when it is not. */
async function agree(project: Project, layers: readonly Layer[], values: Values): Promise<void> {
  const { environment, contents, secrets } = findingsIn(layers)
  const binds = Object.values(project.services).flatMap(({ name, mounts }) =>
    mounts.flatMap(({ type, source, target }) => (type === 'bind' ? [`service "${name}": ${source}:${target}`] : [])),
  )
  const parts: readonly (readonly [about: string, lines: readonly string[]])[] = [
    ['Binds are published, without what is in these directories:', binds],
    ['These look like secrets:', secrets],
    ['Values of variables are published as they are written (--with-env does not ask):', values['with-env'] === true ? [] : environment],
    ['Contents of configs are published as they are written:', contents],
  ]
  const found = parts.filter(([, lines]) => lines.length > 0)
  if (found.length === 0 || values.yes === true) return
  for (const [about, lines] of found) {
    say(about, process.stderr)
    for (const line of lines) process.stderr.write(`  ${inWords(line)}\n`)
  }
  if (await confirmed('Publish it all the same? [y/N] ', { what: 'what stands above would be published', by: '--yes' })) return
  throw new GalleyError('invalid', 'nothing was published')
}

async function send(request: PublishRequest, values: Values): Promise<void> {
  const { reference } = request
  using progress = progressFor(process.stderr, values)
  const draw = (status: string, state: 'working' | 'done' | 'failed', detail?: string): void =>
    progress.draw({ type: 'step', id: reference, subject: `Project ${reference}`, status, state, ...(detail !== undefined && { detail }) })
  draw('Publishing', 'working')
  try {
    const headers = loginHeader(parseImageReference(reference).domain)
    const { digest } = await askJson<{ readonly digest: string }>('/galley/v1/artifacts', { method: 'POST', body: request, headers })
    draw('Published', 'done', digest)
  } catch (error) {
    draw('Error', 'failed', messageOf(error))
    throw error
  }
}
