import { GalleyError } from '#base/error.ts'
import { checkConsistency } from './consistency.ts'
import { dockerfileProject } from './dockerfile-project.ts'
import { rememberTrees } from './documents.ts'
import { readFiles } from './files.ts'
import type { Caller, LoadRequest, Wishes } from './find.ts'
import { locate, nameOf, wishedName } from './locate.ts'
import { withDefaults } from './language/defaults.ts'
import { document as form } from './language/document.ts'
import { withPlaces } from './language/places.ts'
import { typed } from './language/typed.ts'
import type { Project, WrittenKey } from './model.ts'
import { normalise } from './normalise.ts'
import { splitByProfile } from './profiles.ts'
import { nameAfter } from './project-name.ts'
import { decodeProject } from './project.ts'
import { selectedServices, servicesBelow, withoutUnused } from './select.ts'
import { withServiceFiles } from './service-files.ts'
import { withCallersValues } from './settings.ts'
import { fieldIn, mappingOf, mapValues, withField, type Mapping } from './tree.ts'
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
  if (located.files.length > 0) return decodeProject(loadDocument(request, caller))
  return dockerfileProject(located.directory, wishedName(request, located) ?? nameAfter(located.directory), request.dockerfile)
}

/** The same, as a document. Throws `not found` when there is no Compose file. */
export function loadDocument(request: LoadRequest, caller: Caller): Loaded {
  const { files, directory, variables: known } = locate(request, caller)
  if (files.length === 0) throw new GalleyError('not found', `no Compose file in ${directory}`, { code: 'compose.no-file' })
  const treesOf = rememberTrees()
  const name = nameOf(request, { directory, variables: known, trees: files.flatMap(treesOf) })
  const variables: Variables = Object.assign(Object.create(null) as Record<string, string>, known, { COMPOSE_PROJECT_NAME: name })
  const warnings: string[] = []
  const wishes: Wishes = { ...usual, ...request.wishes }
  const merged = readFiles(files, { directory, variables, interpolates: wishes.interpolates, warnings, treesOf })
  if (merged.entries.size === 0)
    throw new GalleyError('invalid', `${files[0] ?? '-'}: empty compose file`, {
      code: 'compose.invalid',
      subject: files[0] ?? '',
      advice: 'Services stand under "services:", each with what it is made from: image or build.',
    })
  const whole = completed(merged, { name, directory, variables, wishes })
  const split = splitByProfile(servicesIn(whole), activeProfiles(request, variables), request.services ?? [])
  if (wishes.checks) checkConsistency(whole, split)
  const enabled = selectedServices(split.enabled, request.services ?? [])
  const below = servicesBelow(servicesIn(whole), enabled)
  const full = mapValues(enabled, (service) => withServiceFiles(service as Mapping, variables, wishes.readsFiles))
  const document = withField(whole, 'services', full)
  return {
    name,
    directory,
    files,
    document: wishes.keepsUnused ? document : withoutUnused(document, below),
    disabled: split.disabled,
    below,
    written: [
      ...writtenKeys(withField(merged, 'services', among(servicesIn(merged), full))),
      ...writtenKeys(withField(merged, 'services', among(servicesIn(merged), below))).filter(({ key }) =>
        /^services\.\*\.build\b/.test(key),
      ),
    ],
    variables,
    warnings: [...new Set(warnings)],
  }
}

const usual: Wishes = { interpolates: true, normalises: true, placesPaths: true, checks: true, readsFiles: true, keepsUnused: false }

interface Completing {
  readonly name: string
  readonly directory: string
  readonly variables: Variables
  readonly wishes: Wishes
}

/** The merged files with defaults, types, absolute paths, the caller's values, and what follows from it. */
function completed(merged: Mapping, { name, directory, variables, wishes }: Completing): Mapping {
  const full = withDefaults(form, merged)
  // What variables stand for can't be told yet, nor can types.
  const scalars = wishes.interpolates ? typed(form, full, '') : full
  const placed = (wishes.placesPaths ? withPlaces(form, scalars, directory) : scalars) as Mapping
  const resolved = withCallersValues(placed, variables)
  return wishes.normalises ? normalise(resolved, name, variables) : resolved
}

function activeProfiles({ profiles = [] }: LoadRequest, variables: Variables): readonly string[] {
  return profiles.length > 0 ? profiles : (variables['COMPOSE_PROFILES'] ?? '').split(',').map((profile) => profile.trim())
}

function servicesIn(document: Mapping): Mapping {
  const services = fieldIn(document, 'services')
  return services?.kind === 'mapping' ? services : mappingOf([], document.at)
}

function among(all: Mapping, wanted: Mapping): Mapping {
  return mappingOf(
    [...all.entries].filter(([name]) => wanted.entries.has(name)),
    all.at,
  )
}
