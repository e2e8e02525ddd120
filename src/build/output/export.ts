import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { withDefaultTag } from '#base/image-reference.ts'
import { packBranches, type Branch } from '#content/layers/pack.ts'
import { formatPlatform, normalPlatform } from '#content/manifests/platform.ts'
import { saveComposition } from '#engine/images/save.ts'
import type { Builder, Publish } from '../builder.ts'
import type { OnProgress } from '../progress.ts'
import type { BuildRequest, FileParts, Output } from '../request.ts'
import { internalVertex, within } from '../solve/vertices.ts'
import type { Workspace } from '../solve/workspace.ts'
import type { Built } from './built.ts'
import { compositionFor } from './composition.ts'
import { withStatements } from './statement-files.ts'
import { nameImage } from './name-image.ts'

export interface Exporting {
  readonly builder: Builder
  readonly request: BuildRequest
  readonly workspace: Workspace
  /** One for each platform. */
  readonly built: readonly Built[]
}

/** Throws `invalid` for outputs that take no result of several platforms: the store, which runs what it holds, takes no index. */
export function checkOutputs({ platforms = [], outputs = [{ kind: 'image' }], tags }: BuildRequest): void {
  const isSeveral = platforms.length > 1
  for (const output of outputs) {
    if (output.kind !== 'image') continue
    if (isSeveral && output.push !== true) {
      throw new GalleyError('invalid', 'docker exporter does not currently support exporting manifest lists', {
        code: 'build.index-output',
        advice: 'Push the result (--push), write it to a file (--output type=oci,dest=…), or build for one platform.',
      })
    }
    if (isSeveral && tags.length === 0) throw untagged()
  }
}

function untagged(): GalleyError {
  return new GalleyError('invalid', 'tag is needed when pushing to registry', { code: 'build.push-without-tag' })
}

/** Gives what was built to all outputs, one after the other. */
export async function exportResults(exporting: Exporting): Promise<void> {
  const { request, built } = exporting
  const { outputs = [{ kind: 'image' }], onProgress = () => undefined } = request
  // The work of several platforms has other names than each of them knows it by.
  const parents = built.length > 1 ? [] : built.flatMap(({ state }) => state.vertex ?? [])
  for (const output of outputs)
    await within(onProgress, internalVertex(titleOf(output), parents), ({ id: vertex }) =>
      exporters[output.kind](output as never, { ...exporting, vertex, emit: onProgress }),
    )
}

interface Context extends Exporting {
  readonly vertex: Digest
  readonly emit: OnProgress
}

type Exporters = { readonly [K in Output['kind']]: (output: Extract<Output, { kind: K }>, context: Context) => Promise<void> }

const titles = {
  image: 'exporting to image',
  tar: 'sending tarball',
  files: 'exporting to client directory',
} as const

function titleOf(output: Output): string {
  return output.kind === 'archive' ? `exporting to ${output.form ?? 'oci'} image format` : titles[output.kind]
}

const exporters: Exporters = {
  async image(output, context) {
    const { builder, request, built } = context
    const names = request.tags.map(withDefaultTag)
    const kept = compositionFor(request, built, { ...output, names, leaves: false })
    if (built.length === 1) await nameImage(builder, kept, { tags: request.tags, emit: context.emit })
    if (output.push !== true) return
    if (names.length === 0) throw untagged()
    const composition = compositionFor(request, built, { ...output, names, leaves: true })
    for (const reference of names) {
      const options = { ...(await sending(context, reference)), composition }
      await (built.length === 1 ? builder.publish(reference, options) : builder.publishComposition(composition, reference, options))
    }
  },
  async archive(output, { builder, request, built }) {
    const names = (output.names ?? request.tags).map(withDefaultTag)
    const composition = compositionFor(request, built, { ...output, names, leaves: false })
    await output.sink(await saveComposition(builder.images, composition, names))
  },
  async tar(output, context) {
    await output.sink(packBranches(await branchesOf(context, output)))
  },
  async files(output, context) {
    await output.sink(await branchesOf(context, output))
  },
}

async function sending({ request, built, vertex, emit }: Context, reference: Parameters<Publish>[0]): Promise<Parameters<Publish>[1]> {
  const stage = built.length === 1 ? (built[0]?.solver.plan.target ?? 0) : 0
  return {
    credentials: await request.credentials?.(reference),
    report: (transfer) => emit({ type: 'transfer', stage, vertex, transfer }),
    signal: request.signal ?? new AbortController().signal,
  }
}

/** Several platforms have a directory each, such as `linux_arm64`. */
async function branchesOf({ workspace, built }: Context, parts: FileParts): Promise<Branch[]> {
  const branches: Branch[] = []
  for (const one of built) {
    const name = built.length === 1 ? '' : formatPlatform(normalPlatform(one.state.platform)).replaceAll('/', '_')
    branches.push({ name, directory: await withStatements(workspace, one, parts) })
  }
  return branches
}
