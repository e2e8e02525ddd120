import { randomUUID } from 'node:crypto'
import { posix } from 'node:path'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import { withRoomTold } from '#host/files/full-disk.ts'
import { attest } from './attest/attest.ts'
import { type Builder, workDirectory } from './builder.ts'
import { importSteps } from './cache/import-steps.ts'
import { check } from './checks/in-build.ts'
import { ignoreLines } from './context/ignore.ts'
import type { OpenContext } from './context/source.ts'
import type { Dockerfile } from './dockerfile/model.ts'
import { lowercaseDockerfile } from './context/dockerfile-name.ts'
import { parseDockerfile } from './dockerfile/parse.ts'
import { planBuild } from './graph/plan.ts'
import { platformArgs, proxyArgs } from './graph/platform-args.ts'
import { exportSteps } from './output/export-steps.ts'
import type { Built } from './output/built.ts'
import { checkOutputs, exportResults } from './output/export.ts'
import { storeImage } from './output/store-image.ts'
import { requestsOf } from './platforms.ts'
import type { BuildRequest } from './request.ts'
import type { ContextParts } from './solve/contexts.ts'
import { Solver } from './solve/solver.ts'
import type { State } from './solve/state.ts'
import { isSetting } from './settings.ts'
import { internalVertex, within } from './solve/vertices.ts'
import { Workspace } from './solve/workspace.ts'

/** What a build came to. */
export interface BuildResult {
  /** The image's id: the digest of its configuration. Only with an `image` output is it in the store afterwards. */
  readonly id: Digest
  /** Those of the other platforms, in the order of the request. */
  readonly others?: readonly Digest[]
}

/**
 * Builds what is asked for. Throws `invalid` for a mistake in the Dockerfile or its context, `StepFailure` when a command fails,
 * `not found` and `unavailable` for base images, and the signal's reason when that is aborted; `placeOf` tells where in the
 * Dockerfile a failure comes from.
 */
export async function buildImage(builder: Builder, request: BuildRequest): Promise<BuildResult> {
  checkOutputs(request)
  const { images } = builder
  const build = async (): Promise<BuildResult> => {
    using workspace = new Workspace(`${workDirectory(builder)}/${randomUUID()}`, (layer) => builder.layers.path(layer))
    const known = new Set(images.list().map(({ id }) => id))
    const built: Built[] = []
    for (const one of requestsOf(request, workspace)) built.push(await buildOne(builder, one, workspace))
    await exportResults({ builder, request, workspace, built })
    for (const { solver, state } of built) await exportSteps(solver, state)
    const [first, ...others] = built.map(({ id }) => id)
    if (first === undefined) throw new GalleyError('internal', 'nothing was built')
    if (!isKept(request)) {
      workspace.held.dispose()
      await removeNew(builder, [first, ...others], known)
    }
    return others.length === 0 ? { id: first } : { id: first, others }
  }
  return images.content.whileAdding(() => withRoomTold(builder.directory, build))
}

function isKept({ platforms = [], outputs = [{ kind: 'image' }] }: BuildRequest): boolean {
  return platforms.length < 2 && outputs.some(({ kind }) => kind === 'image')
}

async function removeNew({ images }: Builder, ids: readonly Digest[], known: ReadonlySet<Digest>): Promise<void> {
  for (const id of new Set(ids)) if (!known.has(id)) await images.deleteUnused(id)
}

async function buildOne(builder: Builder, request: BuildRequest, workspace: Workspace): Promise<Built> {
  const started = builder.clock.now()
  const { main, file, source } = await receive(request, workspace)
  check(builder, request, { source, ignore: main.ignore })
  const target = request.target ?? file.stages.at(-1)?.name ?? 'default'
  const automatic = platformArgs(hostPlatform(), request.platform ?? hostPlatform()).set('TARGETSTAGE', target)
  const contexts = new Set(request.contexts?.keys())
  const plan = planBuild(file, { target: request.target, args: request.args, automatic, contexts })
  const solver = new Solver({ builder, request, file, plan, automatic, workspace, main })
  await importSteps(solver)
  const state = await solved(solver)
  warnOfUnused(solver, file)
  const id = await storeImage(solver, state)
  return { solver, state, id, attestations: await attest(solver, state, { started, source, context: main.open.material?.() }) }
}

/** Steps that succeeded are remembered also when a later one fails. */
async function solved(solver: Solver): Promise<State> {
  try {
    return await solver.solve()
  } finally {
    await solver.builder.cache.flush()
  }
}

interface Received {
  readonly main: ContextParts['main']
  readonly file: Dockerfile
  readonly source: { readonly name: string; readonly text: string }
}

/** The Dockerfile is read before the ignore file takes it out of the context. */
async function receive(request: BuildRequest, workspace: Workspace): Promise<Received> {
  const { context, dockerfile = 'Dockerfile', onProgress = () => undefined } = request
  const name = typeof dockerfile === 'string' ? dockerfile : (dockerfile.name ?? 'Dockerfile')
  const signal = request.signal ?? new AbortController().signal
  const definition = internalVertex(`[internal] load build definition from ${posix.basename(name)}`)
  const { open, text } = await within(onProgress, definition, async () => {
    const open = await withRoomTold(workspace.parent, () => context.open(() => workspace.fresh(), signal))
    return { open, text: typeof dockerfile === 'string' ? await readDockerfile(open, name) : dockerfile.text }
  })
  const file = parseDockerfile(text)
  const ignore = await within(onProgress, internalVertex('[internal] load .dockerignore'), async () => {
    const own = typeof dockerfile === 'string' ? await open.read(`${name}.dockerignore`) : dockerfile.ignore
    return ignoreLines(own ?? (await open.read('.dockerignore')) ?? '')
  })
  return { main: { open, ignore }, file, source: { name: posix.basename(name), text } }
}

async function readDockerfile(open: OpenContext, name: string): Promise<string> {
  const other = lowercaseDockerfile(name)
  const text = (await open.read(name)) ?? (other === undefined ? undefined : await open.read(other))
  if (text === undefined)
    throw new GalleyError('invalid', `Cannot locate specified Dockerfile: ${name}`, { code: 'build.no-dockerfile', subject: name })
  if (text === '') throw new GalleyError('invalid', `the Dockerfile (${name}) cannot be empty`, { code: 'dockerfile.empty', subject: name })
  return text
}

function warnOfUnused(solver: Solver, file: Dockerfile): void {
  const { request, consumed } = solver
  const declared = new Set(
    [...file.globals, ...file.stages.flatMap(({ instructions }) => instructions)].flatMap((instruction) =>
      instruction.keyword === 'arg' ? instruction.args.map(({ name }) => name) : [],
    ),
  )
  const unused = [...request.args.keys(), ...(request.unsetArgs ?? [])]
    .filter((name) => !consumed.has(name) && !declared.has(name) && !proxyArgs.has(name) && !isSetting(name))
    .toSorted()
  if (unused.length > 0) solver.emit({ type: 'warning', text: `One or more build-args [${unused.join(' ')}] were not consumed` })
}
