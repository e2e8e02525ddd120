import { GalleyError } from '#base/error.ts'

/** Docker's profile format (moby/profiles, seccomp): an OCI section whose rules depend on what a container may do. */
export interface Profile {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number
  readonly architectures?: readonly string[] | null
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures?: readonly string[] | null }[] | null
  readonly flags?: readonly string[] | null
  readonly listenerPath?: string
  readonly listenerMetadata?: string
  readonly syscalls?: readonly Rule[] | null
}

export interface Rule {
  /** The older form of `names`. */
  readonly name?: string
  readonly names?: readonly string[] | null
  readonly action: string
  readonly args?: readonly Argument[] | null
  readonly errnoRet?: number
  readonly includes?: Condition | null
  readonly excludes?: Condition | null
}

interface Argument {
  readonly index: number
  readonly value: number
  readonly valueTwo?: number
  readonly op: string
}

interface Condition {
  readonly caps?: readonly string[] | null
  readonly arches?: readonly string[] | null
  /** "4.8" or newer. */
  readonly minKernel?: string
}

/** Where the container will run. */
export interface Circumstances {
  /** `CAP_` names of its bounding set. */
  readonly capabilities: ReadonlySet<string>
  /** Go's name of the machine, which `arches` uses, and libseccomp's, which `archMap` does. */
  readonly arch: string
  readonly seccompArch: string
  /** As uname(2) tells it, such as "6.18.0-1-amd64". */
  readonly kernel: string
}

/** Reads a profile that a client sent. Throws `invalid`, worded as Docker words it. */
export function parseProfile(text: string): Profile {
  let profile: Profile
  try {
    profile = JSON.parse(text) as Profile
  } catch (cause) {
    throw new GalleyError('invalid', `Decoding seccomp profile failed: ${(cause as Error).message}`, { cause })
  }
  const fault = faultOf(profile)
  if (fault !== undefined) throw new GalleyError('invalid', fault)
  return profile
}

function faultOf(profile: Profile): string | undefined {
  if (profile === null || typeof profile !== 'object' || typeof profile.defaultAction !== 'string')
    return 'Decoding seccomp profile failed: defaultAction is missing'
  if ((profile.architectures?.length ?? 0) > 0 && (profile.archMap?.length ?? 0) > 0)
    return "use either 'architectures' or 'archMap' in the seccomp profile, not both"
  for (const rule of profile.syscalls ?? []) {
    if (rule.name !== undefined && rule.name !== '' && (rule.names?.length ?? 0) > 0)
      return "'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'"
    if (typeof rule.action !== 'string') return 'Decoding seccomp profile failed: a rule without action'
  }
  return undefined
}

/** The `linux.seccomp` section (runtime-spec, config-linux.md): the rules that apply under these circumstances. */
export function applyProfile(profile: Profile, around: Circumstances): object {
  const rules = (profile.syscalls ?? []).filter((rule) => includes(rule.includes, around) && !excludes(rule.excludes, around))
  const map = profile.archMap?.find(({ architecture }) => architecture === around.seccompArch)
  const architectures = map === undefined ? (profile.architectures ?? []) : [map.architecture, ...(map.subArchitectures ?? [])]
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures.length > 0 && { architectures }),
    ...(profile.flags && { flags: profile.flags }),
    ...(profile.listenerPath && { listenerPath: profile.listenerPath, listenerMetadata: profile.listenerMetadata ?? '' }),
    syscalls: rules.map((rule) => ({
      names: rule.names && rule.names.length > 0 ? rule.names : [rule.name ?? ''],
      action: rule.action,
      ...(rule.args && rule.args.length > 0 && { args: rule.args }),
      ...(rule.errnoRet !== undefined && { errnoRet: rule.errnoRet }),
    })),
  }
}

/** All that is named must hold. */
function includes(condition: Condition | null | undefined, around: Circumstances): boolean {
  const { caps, arches, minKernel } = condition ?? {}
  return (
    (caps ?? []).every((cap) => around.capabilities.has(cap)) &&
    ((arches ?? []).length === 0 || (arches ?? []).includes(around.arch)) &&
    (!minKernel || isAtLeast(around.kernel, minKernel))
  )
}

/** Anything that is named and holds takes the rule out. */
function excludes(condition: Condition | null | undefined, around: Circumstances): boolean {
  const { caps, arches, minKernel } = condition ?? {}
  return (
    (caps ?? []).some((cap) => around.capabilities.has(cap)) ||
    (arches ?? []).includes(around.arch) ||
    (minKernel !== undefined && minKernel !== '' && isAtLeast(around.kernel, minKernel))
  )
}

/** Compares the first two numbers, as profiles name no more. */
export function isAtLeast(kernel: string, wanted: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.', 2).map((part) => parseInt(part, 10))
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.', 2).map((part) => parseInt(part, 10))
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
