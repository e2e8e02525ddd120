import { readFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'

/** Docker's profile format (moby/profiles, seccomp), as Debian's package golang-github-containers-common ships the default one. */
interface Profile {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number
  readonly syscalls: readonly Rule[]
}

interface Rule {
  readonly names: readonly string[]
  readonly action: string
  readonly args?: readonly unknown[]
  readonly errnoRet?: number
  readonly includes?: Condition
  readonly excludes?: Condition
}

interface Condition {
  readonly caps?: readonly string[]
  readonly arches?: readonly string[]
}

const defaultProfile = '/usr/share/containers/seccomp.json'
const machine =
  process.arch === 'arm64'
    ? { name: 'arm64', seccomp: ['SCMP_ARCH_AARCH64'] }
    : { name: 'amd64', seccomp: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'] }

let cachedDefault: Profile | undefined

function readDefault(): Profile {
  try {
    return (cachedDefault ??= JSON.parse(readFileSync(defaultProfile, 'utf8')) as Profile)
  } catch (cause) {
    throw new GalleyError('unavailable', `the default seccomp profile ${defaultProfile} can't be read`, {
      cause,
      advice: 'apt-get install golang-github-containers-common',
    })
  }
}

/** The `linux.seccomp` section of an OCI config (runtime-spec, config-linux.md) for a container with these capabilities. */
export function seccompFor(capabilities: readonly string[], own?: string): object {
  const profile = own === undefined ? readDefault() : (JSON.parse(own) as Profile)
  const holds = (condition: Condition | undefined, whenEmpty: boolean): boolean => {
    const caps = condition?.caps ?? []
    const arches = condition?.arches ?? []
    if (caps.length === 0 && arches.length === 0) return whenEmpty
    return caps.every((cap) => capabilities.includes(cap)) && (arches.length === 0 || arches.includes(machine.name))
  }
  const rules = profile.syscalls.filter((rule) => holds(rule.includes, true) && !holds(rule.excludes, false))
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: machine.seccomp,
    syscalls: rules.map(({ names, action, args, errnoRet }) => ({
      names,
      action,
      ...(args && { args }),
      ...(errnoRet !== undefined && { errnoRet }),
    })),
  }
}
