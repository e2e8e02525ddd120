import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { parseImageReference } from '#base/image-reference.ts'
import { parseGitContext, type GitAddress } from '#build/git/address.ts'
import { mainFile } from '#compose/model/find.ts'
import { keptOnce } from '#compose/model/publish/cache.ts'
import { filesOf } from '#compose/model/publish/artifact.ts'
import type { PublishedProject } from '#faces/galley/artifacts.ts'
import { callerEnvironment } from './caller-environment.ts'
import { askJson } from './connect.ts'
import { cacheOfFiles } from './file-cache.ts'
import { loginHeader } from './logins.ts'

/** How many files from elsewhere a project may have. */
export const most = 32

/**
 * Brings a Compose file from a registry or a git repository here, and what lies beside it; resolves with where it is. It is kept in the
 * caller's cache by its digest or commit. Throws what the registry or git answers, and `invalid` for what leads out of there.
 */
export async function fetchRemote(reference: string): Promise<string> {
  return reference.startsWith('oci://') ? await fromRegistry(reference.slice('oci://'.length)) : await fromGit(reference)
}

/** Docker Compose's switches for these. Throws `forbidden`. */
function checkEnabled(kind: 'OCI' | 'GIT', reference: string): void {
  const name = `COMPOSE_EXPERIMENTAL_${kind}_REMOTE`
  if (!/^(0|f|false)$/i.test(callerEnvironment()[name] ?? '')) return
  throw new GalleyError('forbidden', `${reference}: files from elsewhere are turned off by ${name}`, { subject: reference })
}

async function fromRegistry(name: string): Promise<string> {
  checkEnabled('OCI', name)
  const { domain } = parseImageReference(name)
  const published = await askJson<PublishedProject>(`/galley/v1/artifacts?reference=${encodeURIComponent(name)}`, {
    headers: loginHeader(domain),
  })
  const files = filesOf(published.layers)
  const directory = await keptOnce(cacheOfFiles(), published.digest.replace(/^sha256:/, ''), (path) => {
    for (const [file, text] of files) writeFileSync(`${path}/${file}`, text, { flag: 'wx', mode: 0o600 })
  })
  for (const [file, text] of files) checkUnchanged(`${directory}/${file}`, text)
  return `${directory}/compose.yaml`
}

/** A container that has the directory mounted can write to it, or put a link to a file of this machine there. Throws `conflict`. */
function checkUnchanged(path: string, text: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path, 'utf8') === text) return
  throw new GalleyError('conflict', `${path} was changed since it was fetched`, {
    code: 'compose.invalid-artifact',
    subject: path,
    advice: `Remove ${dirname(path)}: it is fetched again.`,
  })
}

async function fromGit(reference: string): Promise<string> {
  checkEnabled('GIT', reference)
  const address = addressOf(reference)
  const commit = await commitOf(address)
  const place = await keptOnce(cacheOfFiles(), commit, async (path) => {
    await git(address, '-C', path, 'init', '--quiet')
    await git(address, '-C', path, 'fetch', '--quiet', '--depth=1', '--no-tags', '--end-of-options', address.remote, commit)
    await git(address, '-C', path, 'checkout', '--quiet', '--detach', 'FETCH_HEAD')
  })
  return fileIn(place, address, reference)
}

/** `file:` is for the caller's own repositories, for which BuildKit has no use. */
function addressOf(reference: string): GitAddress {
  const [, path, fragment = ''] = /^file:\/\/([^#]*)(?:#(.*))?$/s.exec(reference) ?? []
  const address = parseGitContext(path === undefined ? reference : `git://file#${fragment}`)
  if (address === undefined) throw new GalleyError('invalid', `invalid git address ${reference}`, { subject: reference })
  return path === undefined ? address : { ...address, remote: `file://${path}` }
}

/** The commit that a branch, a tag or the repository's own choice is at this moment. */
async function commitOf(address: GitAddress): Promise<string> {
  const { ref = 'HEAD', remote } = address
  if (/^[0-9a-f]{40}$/.test(ref)) return ref
  const commit = /^[0-9a-f]{40}/.exec(await git(address, 'ls-remote', '--end-of-options', remote, ref))?.[0]
  if (commit !== undefined) return commit
  throw new GalleyError('not found', `repository ${remote} does not contain ref ${ref}`, { code: 'build.git-ref', subject: ref })
}

/** The file, or the usual one of a directory. Links of the repository must not lead out of it. */
function fileIn(place: string, { directory, remote }: GitAddress, reference: string): string {
  const wanted = resolve(place, directory.replace(/^\/+/, ''))
  const isDirectory = statSync(wanted, { throwIfNoEntry: false })?.isDirectory() === true
  const file = isDirectory ? `${wanted}/${mainFile(wanted) ?? 'compose.yaml'}` : wanted
  if (!existsSync(file))
    throw new GalleyError('not found', `no Compose file in ${directory === '' ? remote : `${directory} of ${remote}`}`, {
      code: 'compose.no-file',
      subject: reference,
    })
  if (relative(realpathSync(place), realpathSync(file)).startsWith('..'))
    throw new GalleyError('invalid', `${reference} leads out of its repository`, { code: 'compose.invalid-artifact', subject: reference })
  return file
}

const quiet = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', '-c', 'advice.detachedHead=false']

/** As the caller, with their credentials and agents, but without questions and hooks. Throws `unavailable` with git's own words. */
async function git({ remote }: GitAddress, ...args: string[]): Promise<string> {
  const protocols = remote.startsWith('file:') ? 'file' : 'http:https:git:ssh'
  const environment = { GIT_SSH_COMMAND: 'ssh -o ControlMaster=no -o BatchMode=yes', ...callerEnvironment() }
  const child = spawn('git', [...quiet, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, GIT_TERMINAL_PROMPT: '0', GIT_ALLOW_PROTOCOL: protocols },
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const code = await once(child, 'close').then(
    ([status]: (number | null)[]) => status,
    (cause: unknown) => {
      throw new GalleyError('unavailable', 'git cannot be started', { code: 'process.not-started', advice: 'apt-get install git', cause })
    },
  )
  if (code === 0) return out
  throw new GalleyError('unavailable', `git of ${remote}: ${err.trim().split('\n').at(-1) ?? ''}`, { code: 'build.git', subject: remote })
}
