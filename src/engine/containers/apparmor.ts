import { GalleyError } from '#base/error.ts'
import { hasParser, isEnabled, isLoaded, loadProfile } from '#host/apparmor/profiles.ts'
import { defaultProfile, profileText } from './apparmor-profile.ts'
import type { HostConfig } from './model.ts'

const unconfined = 'unconfined'

/** Whether containers are confined by a profile here unless they are asked not to be. The kernel is the same for as long as a daemon runs. */
export function confinesByDefault(): boolean {
  return (confines ??= isEnabled() && hasParser())
}

let confines: boolean | undefined

/** What `--security-opt apparmor=…` says; the last one counts. */
function askedFor({ SecurityOpt }: HostConfig): string | undefined {
  return SecurityOpt.map((option) => /^apparmor[:=](.*)$/s.exec(option)?.[1]).findLast((value) => value !== undefined)
}

/**
 * The profile that a container and its exec sessions run under, `unconfined` for none; empty where AppArmor is not enabled, or can't be
 * told what Galley's own profile is and no other was asked for.
 */
export function profileNameOf(hostConfig: HostConfig): string {
  const asked = askedFor(hostConfig)
  if (asked !== undefined && asked !== '') return isEnabled() ? asked : ''
  if (!confinesByDefault()) return ''
  return hostConfig.Privileged ? unconfined : defaultProfile
}

/** The same as the runtime takes it (runtime-spec, config.md, `apparmorProfile`): without one a process keeps the daemon's, which has none. */
export function apparmorProfileOf(hostConfig: HostConfig): { readonly apparmorProfile?: string } {
  const name = profileNameOf(hostConfig)
  return name === '' || name === unconfined ? {} : { apparmorProfile: name }
}

/** Throws `invalid` for a profile that is asked for where there are none. */
export function checkApparmor(hostConfig: HostConfig): void {
  const asked = askedFor(hostConfig)
  if (asked === undefined || asked === unconfined || isEnabled()) return
  throw new GalleyError('invalid', `--security-opt apparmor=${asked}: AppArmor is not enabled on this host`, {
    code: 'apparmor.not-enabled',
  })
}

/**
 * Sees to it that a container's profile is in the kernel: Galley's own is loaded when it isn't, as after somebody took all profiles away.
 * Throws `invalid` when one that a person asked for is missing.
 */
export async function ensureProfile(hostConfig: HostConfig): Promise<void> {
  const { apparmorProfile } = apparmorProfileOf(hostConfig)
  if (apparmorProfile === undefined || isLoaded(apparmorProfile)) return
  if (apparmorProfile === defaultProfile) await (loading ??= loadProfile(profileText).finally(() => (loading = undefined)))
  else
    throw new GalleyError('invalid', `the AppArmor profile ${apparmorProfile} is not loaded`, {
      code: 'apparmor.no-profile',
      subject: apparmorProfile,
      advice: 'apparmor_parser -r FILE loads a profile; aa-status lists those that are loaded.',
    })
}

let loading: Promise<void> | undefined
