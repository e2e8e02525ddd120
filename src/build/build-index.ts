import { createHash, randomUUID } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { withDefaultTag } from '#base/image-reference.ts'
import { formatPlatform } from '#content/manifests/platform.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { saveIndexAs } from '#engine/images/save.ts'
import { type Builder, workDirectory } from './builder.ts'
import { SharedContext } from './context/shared-context.ts'
import type { BuildEvent, OnProgress } from './progress.ts'
import type { BuildRequest, NamedContext, Output } from './request.ts'
import { internalVertex, within } from './solve/vertices.ts'
import { Workspace } from './solve/workspace.ts'

type BuildOne = (builder: Builder, request: BuildRequest) => Promise<{ readonly id: Digest }>

/**
 * Builds for several platforms, one after the other, and gives an index of the images to the outputs; resolves with the images'
 * ids. The store, which runs what it holds, takes no index. Throws as a build does, and `invalid` and `not implemented` for outputs.
 */
export function buildIndex(builder: Builder, request: BuildRequest, build: BuildOne): Promise<readonly Digest[]> {
  const { platforms = [], outputs = [{ kind: 'image' }], onProgress = () => undefined } = request
  for (const output of outputs) checkOutput(output, request)
  const { images } = builder
  return images.content.whileAdding(async () => {
    using workspace = new Workspace(`${workDirectory(builder)}/${randomUUID()}`, (layer) => builder.layers.path(layer))
    const known = new Set(images.list().map(({ id }) => id))
    const shared = sharedContexts(request, workspace)
    const ids: Digest[] = []
    for (const platform of platforms) {
      const progress = forPlatform(onProgress, platform)
      const { id } = await build(builder, {
        ...request,
        ...shared,
        platforms: [],
        platform,
        tags: [],
        outputs: [{ kind: 'image' }],
        onProgress: progress,
      })
      ids.push(id)
    }
    for (const output of outputs)
      await within(onProgress, internalVertex('exporting to image'), ({ id }) =>
        exporters[output.kind]({ builder, request, ids, vertex: id }, output),
      )
    for (const id of ids) if (!known.has(id) && images.index.get(id)?.references.length === 0) await images.remove(id, { force: true })
    return ids
  })
}

function checkOutput(output: Output, { tags }: BuildRequest): void {
  if (output.kind === 'image' && output.push !== true) {
    throw new GalleyError('invalid', 'docker exporter does not currently support exporting manifest lists', {
      code: 'build.index-output',
      advice: 'Push the result (--push), write it to a file (--output type=oci,dest=…), or build for one platform.',
    })
  }
  if (output.kind === 'image' && tags.length === 0)
    throw new GalleyError('invalid', 'tag is needed when pushing to registry', { code: 'build.push-without-tag' })
  if (output.kind === 'tar' || output.kind === 'files')
    throw new GalleyError('not implemented', `the output "${output.kind}" of several platforms is not implemented by Galley`)
}

/** Each context comes once. */
function sharedContexts({ context, contexts }: BuildRequest, workspace: Workspace): Pick<BuildRequest, 'context' | 'contexts'> {
  const share = (source: BuildRequest['context']): SharedContext => new SharedContext(source, () => workspace.fresh())
  const named = [...(contexts ?? [])].map(([name, given]): [string, NamedContext] => [
    name,
    given.kind === 'files' ? { kind: 'files', source: share(given.source) } : given,
  ])
  return { context: share(context), contexts: new Map(named) }
}

interface Exporting {
  readonly builder: Builder
  readonly request: BuildRequest
  readonly ids: readonly Digest[]
  readonly vertex: Digest
}

const exporters: Readonly<Record<Output['kind'], (exporting: Exporting, output: Output) => Promise<void>>> = {
  async image({ builder, request, ids, vertex }) {
    const { signal = new AbortController().signal, onProgress } = request
    for (const reference of request.tags.map(withDefaultTag)) {
      await builder.publishIndex(ids, reference, {
        credentials: await request.credentials?.(reference),
        report: (transfer) => onProgress?.({ type: 'transfer', stage: 0, vertex, transfer }),
        signal,
      })
    }
  },
  async archive({ builder, request, ids }, output) {
    if (output.kind !== 'archive') return
    const references = (output.names ?? request.tags).map(withDefaultTag)
    await output.sink(await saveIndexAs(builder.images, ids, references))
  },
  tar: () => Promise.resolve(),
  files: () => Promise.resolve(),
}

/** Tells the platforms' work apart: the same step of another platform is another vertex. */
function forPlatform(onProgress: OnProgress, platform: Platform): OnProgress {
  const name = formatPlatform(platform)
  const own = (id: Digest): Digest => `sha256:${createHash('sha256').update(`${name} ${id}`).digest('hex')}`
  const told = (event: BuildEvent): BuildEvent => {
    if (event.type === 'vertex') {
      const { id, parents, name: title } = event.vertex
      const shown = title.replace(/^\[(?!internal\])/, `[${name} `)
      return { ...event, vertex: { id: own(id), parents: parents.map(own), name: shown } }
    }
    return 'vertex' in event ? { ...event, vertex: own(event.vertex) } : event
  }
  return (event) => onProgress(told(event))
}
