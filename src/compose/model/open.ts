import type { Caller, LoadRequest } from './find.ts'
import { withDefaults } from './language/defaults.ts'
import { document as typedForm } from './language/document.ts'
import { openedStruct } from './language/opened.ts'
import { withPlaces } from './language/places.ts'
import { readMerged, type Merged } from './merged.ts'
import { normalise } from './normalise.ts'
import { withOpenValues } from './open-values.ts'
import { activeProfiles, splitByProfile } from './profiles.ts'
import { selectedServices, servicesBelow, servicesIn, withoutUnused } from './select.ts'
import { scalar, withField, type Mapping } from './tree.ts'

/** What a project's files say while variables are left in place: every service, whatever its profiles. */
export type OpenProject = Pick<Merged, 'name' | 'document' | 'known' | 'warnings'>

/**
 * Finds, reads, merges and checks a project, and leaves its variables in place. As their values can't be known, nothing has its type,
 * no service is chosen, and neither `env_file` nor `label_file` is read. Throws as `loadDocument`.
 */
export function loadOpen(request: LoadRequest, caller: Caller): OpenProject {
  const form = openedStruct(typedForm)
  const { name, directory, variables, known, warnings, document: merged } = readMerged(request, caller, { interpolates: false, form })
  const full = withDefaults(form, merged) as Mapping
  const placed = request.wishes?.placesPaths === false ? full : (withPlaces(form, full, directory) as Mapping)
  const resolved = withOpenValues(placed, variables)
  if (request.wishes?.normalises === false) return { name, document: resolved, known, warnings }
  const named = withField(resolved, 'name', scalar(name, merged.at))
  return { name, document: normalise(named, { name, variables, interpolates: false }), known, warnings }
}

/** With the services that are asked for and that their profiles enable, and what they use. Throws `not found`. */
export function narrowed({ document, ...rest }: OpenProject, request: LoadRequest): OpenProject {
  const names = request.services ?? []
  const services = servicesIn(document)
  const split = splitByProfile(services, activeProfiles(request, rest.known), names)
  const enabled = selectedServices(split.enabled, names, split.disabled)
  return { ...rest, document: withoutUnused(withField(document, 'services', enabled), servicesBelow(services, enabled)) }
}
