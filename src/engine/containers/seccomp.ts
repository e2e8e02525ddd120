import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { GalleyError } from '#base/error.ts'
import { capabilitiesFor } from './capabilities.ts'
import type { HostConfig } from './model.ts'
import { withDockersPromises } from './seccomp-differences.ts'
import { applyProfile, parseProfile, type Profile } from './seccomp-profile.ts'

/** Debian's package golang-github-containers-common ships it, in Docker's format but with Podman's promises. */
const defaultProfile = '/usr/share/containers/seccomp.json'
const machine =
  process.arch === 'arm64' ? { arch: 'arm64', seccompArch: 'SCMP_ARCH_AARCH64' } : { arch: 'amd64', seccompArch: 'SCMP_ARCH_X86_64' }

let cachedDefault: Profile | undefined

/**
 * The `linux.seccomp` section of a container; `undefined` when its system calls are not filtered: asked for, or privileged
 * and not asked for otherwise. Throws `invalid` for a profile that can't be read.
 */
export function seccompOf(hostConfig: HostConfig): object | undefined {
  const given = hostConfig.SecurityOpt.map((option) => /^seccomp[:=](.*)$/s.exec(option)?.[1]).find((value) => value !== undefined)
  if (given === 'unconfined' || (hostConfig.Privileged && given === undefined)) return undefined
  const names = capabilitiesFor({ add: hostConfig.CapAdd, drop: hostConfig.CapDrop, privileged: hostConfig.Privileged })
  return given === undefined || given === 'builtin' ? defaultFor(names) : apply(parseProfile(given), names)
}

function apply(profile: Profile, capabilities: readonly string[]): object {
  return applyProfile(profile, { ...machine, capabilities: new Set(capabilities), kernel: release() })
}

/** Most containers have the same capabilities. */
const most = 16
const defaults = new Map<string, object>()

function defaultFor(capabilities: readonly string[]): object {
  const key = capabilities.join()
  const section = defaults.get(key) ?? apply(readDefault(), capabilities)
  if (defaults.size < most) defaults.set(key, section)
  return section
}

function readDefault(): Profile {
  try {
    return (cachedDefault ??= withDockersPromises(JSON.parse(readFileSync(defaultProfile, 'utf8')) as Profile))
  } catch (cause) {
    throw new GalleyError('unavailable', `the default seccomp profile ${defaultProfile} can't be read`, {
      cause,
      advice: 'apt-get install golang-github-containers-common',
    })
  }
}
