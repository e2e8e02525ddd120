import { createHash, randomUUID } from 'node:crypto'
import { lstatSync, readFileSync } from 'node:fs'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { familiarReference, withDefaultTag } from '#base/image-reference.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import { resolveInRoot } from '#host/files/resolve.ts'
import { type Builder, workDirectory } from './builder.ts'
import { applyIgnoreFile } from './context/ignore.ts'
import { packContext } from './context/pack.ts'
import { receiveTar } from './context/receive.ts'
import type { SourceTree } from './context/tree.ts'
import type { Dockerfile } from './dockerfile/model.ts'
import { parseDockerfile } from './dockerfile/parse.ts'
import { planBuild } from './graph/plan.ts'
import { platformArgs, proxyArgs } from './graph/platform-args.ts'
import type { BuildRequest } from './request.ts'
import { assemble, dated } from './solve/assemble.ts'
import { Run } from './solve/run-build.ts'
import type { State } from './solve/state.ts'
import { Workspace } from './solve/workspace.ts'

/**
 * Builds an image and resolves with its id. Throws `invalid` for a mistake in the Dockerfile or its context, `StepFailure` when
 * a command fails, `not found` and `unavailable` for base images, and the signal's reason when that is aborted.
 */
export function buildImage(builder: Builder, request: BuildRequest): Promise<Digest> {
  return builder.images.content.whileAdding(async () => {
    using workspace = new Workspace(`${workDirectory(builder)}/${randomUUID()}`, (layer) => builder.layers.path(layer))
    const { context, file } = await receive(request, workspace)
    const automatic = platformArgs(hostPlatform(), request.platform ?? hostPlatform())
    const plan = planBuild(file, { target: request.target, args: request.args, automatic })
    const run = new Run({ builder, request, file, plan, automatic, workspace, context })
    const state = await solved(run)
    warnOfUnused(run, file)
    const id = await store(builder, request, state)
    run.emit({ type: 'built', id })
    for (const tag of request.tags) {
      await builder.images.refer(tag, id)
      run.emit({ type: 'tagged', reference: familiarReference(withDefaultTag(tag)) })
    }
    return id
  })
}

/** Steps that succeeded are remembered also when a later one fails. */
async function solved(run: Run): Promise<State> {
  try {
    return await run.solve()
  } finally {
    await run.builder.cache.flush()
  }
}

/** The Dockerfile is read before the ignore file takes it out of the context. */
async function receive(
  { context, dockerfile = 'Dockerfile' }: BuildRequest,
  workspace: Workspace,
): Promise<{ context: SourceTree; file: Dockerfile }> {
  const root = workspace.fresh()
  const name = typeof dockerfile === 'string' ? dockerfile : 'Dockerfile'
  const digests = await receiveTar('tar' in context ? context.tar : packContext(context.directory, name), root)
  const from = 'tar' in context ? root : context.directory
  const file = parseDockerfile(typeof dockerfile === 'string' ? readDockerfile(from, name) : dockerfile.text)
  applyIgnoreFile(root, name)
  return { context: { root, digests, owners: false }, file }
}

function readDockerfile(root: string, name: string): string {
  const path = resolveInRoot(root, name)
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() !== true)
    throw new GalleyError('invalid', `Cannot locate specified Dockerfile: ${name}`, { code: 'build.no-dockerfile', subject: name })
  if (stat.size === 0)
    throw new GalleyError('invalid', `the Dockerfile (${name}) cannot be empty`, { code: 'dockerfile.empty', subject: name })
  return readFileSync(path, 'utf8')
}

function warnOfUnused(run: Run, file: Dockerfile): void {
  const { request, consumed } = run
  const declared = new Set(
    [...file.globals, ...file.stages.flatMap(({ instructions }) => instructions)].flatMap((instruction) =>
      instruction.keyword === 'arg' ? instruction.args.map(({ name }) => name) : [],
    ),
  )
  const unused = [...request.args.keys()].filter((name) => !consumed.has(name) && !declared.has(name) && !proxyArgs.has(name)).toSorted()
  if (unused.length > 0) run.emit({ type: 'warning', text: `One or more build-args [${unused.join(' ')}] were not consumed` })
}

async function store(builder: Builder, request: BuildRequest, state: State): Promise<Digest> {
  const labels = Object.entries(request.labels)
  const labelled: State =
    labels.length === 0
      ? state
      : {
          ...state,
          config: { ...state.config, Labels: { ...state.config.Labels, ...request.labels } },
          steps: [...state.steps, { createdBy: `LABEL ${labels.map(([name, value]) => `${name}=${value}`).join(' ')}`, layer: undefined }],
        }
  const assembled = assemble(labelled)
  const { result } = await builder.cache.result({ key: keyOf(assembled), text: '', fresh: false }, async () => ({
    diffId: undefined,
    size: 0,
    created: builder.clock.now(),
  }))
  await builder.cache.flush()
  const { id } = await builder.images.add(Buffer.from(JSON.stringify(dated(assembled, result.created))))
  return id
}

/** When an image of exactly this content was first made is remembered with the steps. */
function keyOf(assembled: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(['image', assembled]))
    .digest('hex')
}
