import { basename } from 'node:path'
import { GalleyError } from '#base/error.ts'

/** compose-spec, 04-version-and-name: lower-case letters, digits, `-` and `_`, a letter or digit first. Throws `invalid`. */
export function checkedName(name: string): string {
  if (/^[a-z0-9][a-z0-9_-]*$/.test(name)) return name
  throw new GalleyError(
    'invalid',
    `invalid project name "${name}": must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
    { code: 'compose.project-name', subject: name },
  )
}

/** The name of a project that nobody gave one. Throws `invalid` when the directory's makes none. */
export function nameAfter(directory: string): string {
  const name = normalName(basename(directory))
  if (name === '')
    throw new GalleyError('invalid', "the directory's name makes no project name", {
      code: 'compose.project-name',
      advice: 'Give one with -p NAME.',
    })
  return name
}

/** What of a text can be a project's name. */
export function normalName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')
}
