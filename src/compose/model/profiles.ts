import type { LoadRequest } from './find.ts'
import { fieldIn, mappingOf, plainText, type Entry, type Mapping } from './tree.ts'
import type { Variables } from './variables.ts'

export interface Split {
  readonly enabled: Mapping
  readonly disabled: Mapping
}

/**
 * Services apart into those that run and those that no profile enables (compose-spec, 15-profiles). One that is asked for by name brings
 * its own profiles; `*` is all of them.
 */
export function splitByProfile(services: Mapping, profiles: readonly string[], selected: readonly string[]): Split {
  const asked = selected.flatMap((name) => {
    const service = services.entries.get(name)
    return service === undefined || isEnabled(service, profiles) ? [] : profilesOf(service)
  })
  const active = [...profiles, ...asked]
  const apart = (wanted: boolean): Mapping =>
    mappingOf(
      [...services.entries].filter(([, entry]) => isEnabled(entry, active) === wanted),
      services.at,
    )
  return { enabled: apart(true), disabled: apart(false) }
}

function isEnabled(service: Entry, active: readonly string[]): boolean {
  const own = profilesOf(service)
  return own.length === 0 || active.includes('*') || own.some((profile) => active.includes(profile))
}

export function profilesOf({ value }: Entry): string[] {
  const list = fieldIn(value, 'profiles')
  return list?.kind === 'sequence' ? list.items.map(plainText) : []
}

/** The profiles that a caller asks for, by options or by a variable. */
export function activeProfiles({ profiles = [] }: LoadRequest, variables: Variables): readonly string[] {
  return profiles.length > 0 ? profiles : (variables['COMPOSE_PROFILES'] ?? '').split(',').map((profile) => profile.trim())
}
