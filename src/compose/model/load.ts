import { checkConsistency, checkContainerNames } from './consistency.ts'
import { dockerfileProject } from './dockerfile-project.ts'
import type { Caller, LoadRequest, Wishes } from './find.ts'
import { locate, wishedName } from './locate.ts'
import { withDefaults } from './language/defaults.ts'
import { document as form } from './language/document.ts'
import { withPlaces } from './language/places.ts'
import { typed } from './language/typed.ts'
import { readMerged } from './merged.ts'
import type { Project, WrittenKey } from './model.ts'
import { normalise } from './normalise.ts'
import { activeProfiles, splitByProfile } from './profiles.ts'
import { nameAfter } from './project-name.ts'
import { decodeProject } from './project.ts'
import { selectedServices, servicesBelow, servicesIn, withoutUnused } from './select.ts'
import { withServiceFiles } from './service-files.ts'
import { withCallersValues } from './settings.ts'
import { mappingOf, mapValues, withField, type Mapping } from './tree.ts'
import type { Variables } from './variables.ts'
import { writtenKeys } from './written-keys.ts'

/** A project's files as one document: merged, checked, typed, with absolute paths and what follows from it said. */
export interface Loaded {
  readonly name: string
  /** Where relative paths start, absolute. */
  readonly directory: string
  readonly files: readonly string[]
  /** Its services are those that are enabled. */
  readonly document: Mapping
  readonly disabled: Mapping
  /** Names of enabled services that are neither named nor depended on by those that are. */
  readonly leftOut: readonly string[]
  /** Services that are left out, but whose images the builds of others start from. */
  readonly below: Mapping
  readonly written: readonly WrittenKey[]
  readonly variables: Variables
  readonly warnings: readonly string[]
}

/**
 * Finds, reads, interpolates, merges and checks a project. Without a Compose file, a lone Dockerfile is a project of one service.
 * Throws `not found` when there is nothing to run, `invalid` and `not implemented` with file, line and column.
 */
export function loadProject(request: LoadRequest, caller: Caller): Project {
  const located = locate(request, caller)
  if (located.files.length > 0) return decodeProject(loadDocument(request, caller), request.wishes)
  return dockerfileProject(located.directory, wishedName(request, located) ?? nameAfter(located.directory), request.dockerfile)
}

/** The same, as a document. Throws `not found` when there is no Compose file. */
export function loadDocument(request: LoadRequest, caller: Caller): Loaded {
  const { name, directory, files, variables, warnings, document: merged } = readMerged(request, caller, { interpolates: true, form })
  const wishes: Wishes = { ...usual, ...request.wishes }
  const whole = completed(merged, { name, directory, variables, wishes })
  const split = splitByProfile(servicesIn(whole), activeProfiles(request, variables), request.services ?? [])
  if (wishes.checks) checkConsistency(whole, split)
  const enabled = selectedServices(split.enabled, request.services ?? [], split.disabled)
  if (wishes.checks) checkContainerNames(enabled)
  const below = servicesBelow(servicesIn(whole), enabled)
  const full = mapValues(enabled, (service) => withServiceFiles(service as Mapping, variables, wishes.readsFiles))
  const document = withField(whole, 'services', full)
  return {
    name,
    directory,
    files,
    document: wishes.keepsUnused ? document : withoutUnused(document, below),
    disabled: split.disabled,
    leftOut: [...split.enabled.entries.keys()].filter((service) => !enabled.entries.has(service)),
    below,
    written: [
      ...writtenKeys(withField(merged, 'services', among(servicesIn(merged), full))),
      ...writtenKeys(withField(merged, 'services', among(servicesIn(merged), below))).filter(({ key }) =>
        /^services\.\*\.build\b/.test(key),
      ),
    ],
    variables,
    warnings,
  }
}

const usual: Wishes = { normalises: true, placesPaths: true, checks: true, readsFiles: true, keepsUnused: false }

interface Completing {
  readonly name: string
  readonly directory: string
  readonly variables: Variables
  readonly wishes: Wishes
}

/** The merged files with defaults, types, absolute paths, the caller's values, and what follows from it. */
function completed(merged: Mapping, { name, directory, variables, wishes }: Completing): Mapping {
  const scalars = typed(form, withDefaults(form, merged), '')
  const placed = (wishes.placesPaths ? withPlaces(form, scalars, directory) : scalars) as Mapping
  const resolved = withCallersValues(placed, variables)
  return wishes.normalises ? normalise(resolved, { name, variables, interpolates: true }) : resolved
}

function among(all: Mapping, wanted: Mapping): Mapping {
  return mappingOf(
    [...all.entries].filter(([name]) => wanted.entries.has(name)),
    all.at,
  )
}
