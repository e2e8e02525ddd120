import type { Attestation } from '#content/manifests/attestation.ts'
import type { Descriptor, Platform } from '#content/manifests/manifest.ts'
import { formatPlatform } from '#content/manifests/platform.ts'
import type { Resource } from './materials.ts'
import type { ProvenanceRequest } from './request.ts'

/** What is known of a build when it is over. Times are milliseconds since the epoch. */
export interface BuildFacts {
  readonly request: ProvenanceRequest
  readonly started: number
  readonly finished: number
  /** Of the machine that builds. */
  readonly platform: Platform
  /** All that came from elsewhere, but for what the client sent. */
  readonly materials: readonly Resource[]
  /** The context's own, where it has an address. */
  readonly context: Partial<Resource> | undefined
  /** Whether a step could reach a network. */
  readonly network: boolean
  readonly secrets: readonly Mounted[]
  readonly ssh: readonly Mounted[]
  readonly source: { readonly name: string; readonly text: string }
  readonly steps: readonly ProvenStep[]
}

/** A secret or an agent that a step may use. */
export interface Mounted {
  readonly id: string
  readonly optional: boolean
}

export interface ProvenStep {
  readonly id: string
  /** Steps that this one waits for, by id. */
  readonly inputs: readonly string[]
  /** Lines of the Dockerfile, from 1. */
  readonly lines: { readonly first: number; readonly last: number } | undefined
  /** The layers of the file system after it, lowest first. */
  readonly layers: readonly Descriptor[]
}

const forms = {
  v1: { predicateType: 'https://slsa.dev/provenance/v1', predicate: slsa1 },
  'v0.2': { predicateType: 'https://slsa.dev/provenance/v0.2', predicate: slsa02 },
} as const

/** SLSA provenance in the form of BuildKit's (docs/attestations/slsa-definitions.md there). Pure. */
export function provenanceOf(facts: BuildFacts): Attestation {
  const { predicateType, predicate } = forms[facts.request.version]
  return { predicateType, predicate: predicate(facts) }
}

const url = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md'

function slsa1(facts: BuildFacts): object {
  const { request, started, finished, platform, materials, context } = facts
  const { invocation, builderId, reproducible } = request
  const complete = completenessOf(facts)
  return {
    buildDefinition: {
      buildType: url,
      externalParameters: {
        configSource: { ...context, path: invocation.dockerfile },
        request: parametersOf(facts),
      },
      internalParameters: { ...buildConfigOf(facts), builderPlatform: formatPlatform(platform) },
      resolvedDependencies: materials,
    },
    runDetails: {
      builder: { id: builderId },
      metadata: {
        invocationId: invocation.id,
        startedOn: timeOf(started),
        finishedOn: timeOf(finished),
        buildkit_metadata: metadataOf(facts),
        buildkit_hermetic: complete.hermetic,
        buildkit_completeness: { request: complete.request, resolvedDependencies: complete.materials },
        buildkit_reproducible: reproducible,
      },
    },
  }
}

function slsa02(facts: BuildFacts): object {
  const { request, started, finished, platform, materials, context } = facts
  const { invocation, builderId, reproducible } = request
  const complete = completenessOf(facts)
  return {
    builder: { id: builderId },
    buildType: 'https://mobyproject.org/buildkit@v1',
    materials,
    invocation: {
      configSource: { ...context, entryPoint: invocation.dockerfile },
      parameters: parametersOf(facts),
      environment: { platform: formatPlatform(platform) },
    },
    ...buildConfigOf(facts),
    metadata: {
      buildInvocationID: invocation.id,
      buildStartedOn: timeOf(started),
      buildFinishedOn: timeOf(finished),
      completeness: { parameters: complete.request, environment: true, materials: complete.materials },
      reproducible,
      'https://mobyproject.org/buildkit@v1#metadata': metadataOf(facts),
      'https://mobyproject.org/buildkit@v1#hermetic': complete.hermetic,
    },
  }
}

const timeOf = (time: number): string => new Date(time).toISOString()

const isValue = (name: string): boolean => /^(build-arg|label):/.test(name)

function completenessOf({ request, network }: BuildFacts): {
  readonly request: boolean
  readonly materials: boolean
  readonly hermetic: boolean
} {
  const { mode, invocation } = request
  const materials = invocation.locals.length === 0
  return {
    request: mode === 'max' || ![...invocation.args.keys()].some(isValue),
    materials,
    hermetic: materials && !network,
  }
}

/** What of the options says nothing of the result, or is told elsewhere. */
const leftOut = /^(attest:|vcs:|sharedkey:|local-sessionid:|(cgroup-parent|image-resolve-mode|platform|cache-imports|context|filename)$)/

function parametersOf({ request, secrets, ssh }: BuildFacts): object {
  const { mode, invocation } = request
  const args = [...invocation.args].filter(([name]) => !leftOut.test(name) && (mode === 'max' || !isValue(name)))
  return {
    frontend: invocation.frontend,
    ...(args.length > 0 && { args: Object.fromEntries(args.toSorted(([a], [b]) => (a < b ? -1 : 1))) }),
    ...(mode === 'max' && secrets.length > 0 && { secrets: secrets.map(mountedOf) }),
    ...(mode === 'max' && ssh.length > 0 && { ssh: ssh.map(mountedOf) }),
    ...(invocation.locals.length > 0 && { locals: invocation.locals.map((name) => ({ name })) }),
  }
}

function mountedOf({ id, optional }: Mounted): object {
  return { id, ...(optional && { optional }) }
}

/** Steps by what they wait for; what they do is said by the Dockerfile. */
function buildConfigOf({ request, steps }: BuildFacts): object {
  if (request.mode === 'min') return {}
  const definition = steps.map(({ inputs }, index) => {
    const numbers = inputs.map((input) => steps.findIndex(({ id }) => id === input)).filter((number) => number >= 0)
    return { id: `step${index}`, ...(numbers.length > 0 && { inputs: numbers.map((number) => `step${number}:0`) }) }
  })
  return {
    buildConfig: {
      llbDefinition: definition,
      digestMapping: Object.fromEntries(steps.map(({ id }, index) => [id, `step${index}`])),
    },
  }
}

function metadataOf({ request, source, steps }: BuildFacts): object {
  const vcs = [...request.invocation.args].filter(([name, value]) => name.startsWith('vcs:') && value !== '')
  const common = vcs.length === 0 ? {} : { vcs: Object.fromEntries(vcs.map(([name, value]) => [name.slice('vcs:'.length), value])) }
  if (request.mode === 'min') return common
  const located = steps.flatMap(({ lines }, index) =>
    lines === undefined
      ? []
      : [[`step${index}`, { locations: [{ ranges: [{ start: { line: lines.first }, end: { line: lines.last } }] }] }] as const],
  )
  const layered = steps.flatMap(({ layers }, index) => (layers.length === 0 ? [] : [[`step${index}:0`, [layers]] as const]))
  return {
    ...common,
    source: {
      locations: Object.fromEntries(located),
      infos: [{ filename: source.name, language: 'Dockerfile', data: Buffer.from(source.text).toString('base64') }],
    },
    layers: Object.fromEntries(layered),
  }
}
