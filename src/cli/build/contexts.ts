import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import type { LocalParts } from '#faces/galley/build/asked.ts'
import { archiveAddress } from '#faces/galley/build/asked.ts'
import { digestIn } from '#faces/galley/build/caches.ts'

/** What a build is made from, as the daemon takes it. */
export interface Contexts {
  readonly options: Readonly<Record<string, string>>
  readonly directories: LocalParts['directories']
  readonly layouts: Readonly<Record<string, string>>
}

/** What came over standard input: a Dockerfile, or an archive that goes to the daemon as it is. */
export type Input = { readonly text: string } | 'archive'

/** What is built of: a directory, an address, or `-`. */
export function isAddress(text: string): boolean {
  return /^(https?|git|ssh):\/\/|^git@|^github\.com\//.test(text)
}

export function isReachedBySsh(context: string): boolean {
  return /^ssh:\/\/|^git@/.test(context)
}

/** `input` is what came over standard input, when the context or the Dockerfile is `-`. Throws `not found`, `invalid`. */
export function mainContext(context: string, file: string | undefined, input: Input | undefined): Contexts {
  const text = typeof input === 'object' ? { Dockerfile: input.text } : undefined
  if (isAddress(context)) {
    const named = { context, ...(file !== undefined && file !== '-' && { filename: file }) }
    if (file !== '-') return { options: named, directories: {}, layouts: {} }
    return { options: { ...named, dockerfilekey: 'dockerfile' }, directories: { dockerfile: { texts: text ?? {} } }, layouts: {} }
  }
  if (context === '-' && input === 'archive')
    return { options: { context: archiveAddress, ...(file !== undefined && { filename: file }) }, directories: {}, layouts: {} }
  if (context === '-') return { options: {}, directories: { context: { texts: {} }, dockerfile: { texts: text ?? {} } }, layouts: {} }
  const directory = existing(context)
  if (file === '-') return { options: {}, directories: { context: directory, dockerfile: { texts: text ?? {} } }, layouts: {} }
  const path = file === undefined ? dockerfileIn(directory) : resolve(file)
  if (!existsSync(path))
    throw new GalleyError('not found', `there is no ${file === undefined ? 'Dockerfile in' : 'Dockerfile'} ${file ?? context}`, {
      subject: path,
      advice: 'Name it: -f FILE.',
    })
  return { options: { filename: basename(path) }, directories: { context: directory, dockerfile: dirname(path) }, layouts: {} }
}

/** The Dockerfile that a directory has, by either spelling. */
export function dockerfileIn(directory: string): string {
  const lower = resolve(directory, 'dockerfile')
  const usual = resolve(directory, 'Dockerfile')
  return !existsSync(usual) && existsSync(lower) ? lower : usual
}

/** `--build-context NAME=SOURCE`. Throws `invalid`, `not found`. */
export function namedContexts(given: readonly string[]): Contexts {
  const options: Record<string, string> = {}
  const directories: Record<string, string> = {}
  const layouts: Record<string, string> = {}
  for (const text of given) {
    const [, name, source] = /^([^=]+)=(.+)$/s.exec(text) ?? []
    if (name === undefined || source === undefined)
      throw new GalleyError('invalid', `--build-context: invalid value ${text}: it is no NAME=SOURCE`, { subject: text })
    if (source.startsWith('docker-image://') || isAddress(source)) options[`context:${name}`] = source
    else if (source.startsWith('oci-layout://')) {
      const { path, digest } = layoutAt(source.slice('oci-layout://'.length))
      layouts[`oci:${name}`] = path
      options[`context:${name}`] = `oci-layout://${name}@${digest}`
    } else {
      directories[name] = existing(source)
      options[`context:${name}`] = `local:${name}`
    }
  }
  return { options, directories, layouts }
}

/** `PATH[:TAG]` or `PATH@DIGEST`. */
function layoutAt(text: string): { readonly path: string; readonly digest: string } {
  const [, path = '', tag, digest] = /^(.*?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/s.exec(text) ?? []
  const found = digest ?? digestIn(resolve(path), tag ?? 'latest')
  if (found === undefined)
    throw new GalleyError('not found', `there is no image ${tag ?? 'latest'} in the layout ${path}`, { subject: path })
  return { path: resolve(path), digest: found }
}

function existing(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new GalleyError('not found', `the path ${path} is not there`, { subject: path })
  if (!stat.isDirectory()) throw new GalleyError('invalid', `${path} is no directory`, { subject: path })
  return resolve(path)
}

/** The content of a file that an option names. Throws `not found` and what reading it fails with. */
export function contentOf(option: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    throw new GalleyError(code === 'EACCES' ? 'forbidden' : 'not found', `--${option}: ${path} can't be read (${code})`, {
      subject: path,
      cause,
    })
  }
}
