import { version } from '#base/version.ts'
import { formatPlatform, hostPlatform, normalPlatform } from '#content/manifests/platform.ts'
import { familiarReference, withDefaultTag } from '#base/image-reference.ts'
import type { Descriptor } from '#content/manifests/manifest.ts'
import { scan } from '#sbom/scan.ts'
import { spdxOf, spdxType } from '#sbom/spdx.ts'
import type { Instruction } from '../dockerfile/model.ts'
import type { Attested } from '../output/built.ts'
import type { Solver } from '../solve/solver.ts'
import type { State } from '../solve/state.ts'
import { internalVertex, within } from '../solve/vertices.ts'
import { layerFinder } from './layer-finder.ts'
import { resourcesOf, type Material, type Resource } from './materials.ts'
import { provenanceOf, type BuildFacts, type Mounted, type ProvenStep } from './provenance.ts'
import type { ProvenanceRequest, SbomRequest } from './request.ts'
import { scannedOf } from './scanned.ts'
import { filesOf } from './tree-files.ts'

export interface Circumstances {
  /** Milliseconds since the epoch. */
  readonly started: number
  /** The Dockerfile. */
  readonly source: { readonly name: string; readonly text: string }
  /** The context, where it came from an address. */
  readonly context: Material | undefined
}

/** Says what was asked for of a build's result. */
export async function attest(solver: Solver, state: State, circumstances: Circumstances): Promise<readonly Attested[]> {
  const { provenance, sbom, recorded } = solver.request.attest ?? {}
  recorded?.tell(state.platform, provenanceOf(factsOf(solver, recorded.request, { ...circumstances, steps: stepsOf(solver) })))
  return [
    ...(sbom === undefined ? [] : await contents(solver, state, sbom)),
    ...(provenance === undefined ? [] : [await origin(solver, provenance, circumstances)]),
  ]
}

async function contents(solver: Solver, state: State, { name }: SbomRequest): Promise<Attested[]> {
  const { builder, request, settings, emit } = solver
  const parents = state.vertex === undefined ? [] : [state.vertex]
  return within(emit, internalVertex(`[${formatPlatform(normalPlatform(state.platform))}] generating sbom`, parents), async () => {
    const [tag] = request.tags
    const image = tag === undefined ? 'image' : familiarReference(withDefaultTag(tag))
    const attested: Attested[] = []
    for (const { name: part, root, layers } of await scannedOf(solver, state)) {
      const predicate = spdxOf(await scan(filesOf(root)), {
        name: part === '' ? image : `${image} (${part})`,
        created: settings.epoch ?? builder.clock.now(),
        tool: `galley-${version()}`,
        origin: layerFinder(builder.layers, layers),
      })
      attested.push({
        predicateType: spdxType,
        predicate,
        fileName: `${part === '' ? name : `${name}-${part}`}.spdx.json`,
        inlineOnly: false,
      })
    }
    return attested
  })
}

async function origin(solver: Solver, request: ProvenanceRequest, circumstances: Circumstances): Promise<Attested> {
  const steps = request.mode === 'max' ? await withLayers(solver) : []
  return {
    ...provenanceOf(factsOf(solver, request, { ...circumstances, steps })),
    fileName: request.fileName,
    inlineOnly: request.inlineOnly,
  }
}

function factsOf(
  solver: Solver,
  request: ProvenanceRequest,
  { started, source, context, steps }: Circumstances & Pick<BuildFacts, 'steps'>,
): BuildFacts {
  const instructions = solver.plan.stages.flatMap(({ stage }) => stage.instructions)
  const runs = instructions.filter((each): each is Instruction<'run'> => each.keyword === 'run')
  return {
    request,
    started,
    finished: solver.builder.clock.now(),
    platform: hostPlatform(),
    materials: resourcesOf([...solver.materials.values(), ...(context === undefined ? [] : [context])]),
    context: context === undefined ? addressOf(request) : resourcesOf([context])[0],
    network: solver.request.limits.network !== 'none' && runs.some(({ network }) => network !== 'none'),
    secrets: mountsOf(runs, 'secret'),
    ssh: mountsOf(runs, 'ssh'),
    source,
    steps,
  }
}

/** An address whose content was not followed to its end is known by name alone. */
function addressOf({ invocation }: ProvenanceRequest): Pick<Resource, 'uri'> | undefined {
  return invocation.context === undefined ? undefined : { uri: invocation.context }
}

/** Each once, by name, whatever a step does with it. */
function mountsOf(runs: readonly Instruction<'run'>[], type: 'secret' | 'ssh'): readonly Mounted[] {
  const mounts = runs.flatMap((run) => run.mounts).filter((mount) => mount.get('type') === type)
  const byId = new Map<string, Mounted>()
  for (const mount of mounts) {
    const id = mount.get('id') ?? mount.get('target')?.replace(/^.*\//, '') ?? mount.get('env') ?? 'default'
    const optional = !['1', 'true'].includes(mount.get('required') ?? '')
    byId.set(id, { id, optional: optional && (byId.get(id)?.optional ?? true) })
  }
  return [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** In the order of the file: stages run at the same time. */
const inOrder = ({ traced }: Solver): Solver['traced'] => traced.toSorted((a, b) => a.stage - b.stage)

/** Without their layers. */
function stepsOf(solver: Solver): readonly ProvenStep[] {
  return inOrder(solver).map(({ vertex, place }) => ({
    id: vertex.id,
    inputs: vertex.parents,
    lines: { first: place.line, last: place.lastLine ?? place.line },
    layers: [],
  }))
}

async function withLayers(solver: Solver): Promise<readonly ProvenStep[]> {
  const steps: ProvenStep[] = []
  const traced = inOrder(solver)
  for (const [index, step] of stepsOf(solver).entries()) {
    const layers: Descriptor[] = []
    for (const layer of traced[index]?.layers ?? []) layers.push(await solver.builder.images.content.blobOf(layer))
    steps.push({ ...step, layers })
  }
  return steps
}
