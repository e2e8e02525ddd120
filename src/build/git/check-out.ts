import { existsSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { resolveInRoot } from '#host/files/resolve.ts'
import { deleteTree } from '#host/files/discard.ts'
import { run } from '#host/process/run.ts'
import type { GitAddress } from './address.ts'
import { knownHostsSecret, openSsh, reasonIn, type SshOffer, type SshWay } from './ssh.ts'

export interface CheckOutOptions extends SshOffer {
  readonly keepsGitDirectory: boolean
  /** Proxies and certificates, and where secrets of the client are found. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * The client's secrets: `GIT_AUTH_TOKEN` and `GIT_AUTH_HEADER`, also with `.` and the host behind, open private repositories;
   * `GIT_KNOWN_HOSTS` has the keys of SSH hosts.
   */
  readonly secrets: ((id: string) => Promise<Uint8Array | undefined>) | undefined
  readonly signal: AbortSignal
}

/** Nothing of the host's own configuration, no questions, no hooks, and no way to files of this machine. */
const still = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  HOME: '/nonexistent',
}
const quiet = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', '-c', 'advice.detachedHead=false']

export interface CheckedOut {
  /** Of what the address names in the repository. */
  readonly path: string
  readonly commit: string
}

/**
 * Checks a repository out into an empty directory; what it takes for SSH lies beside that meanwhile. Throws `not found` (also for a
 * client without an agent), `invalid` (another commit than wanted), `unavailable`.
 */
export async function checkOut(address: GitAddress, directory: string, options: CheckOutOptions): Promise<CheckedOut> {
  const { remote, ref, checksum, submodules } = address
  using way = await wayTo(remote, directory, options)
  const git = await gitIn(directory, remote, { ...options, environment: { ...options.environment, ...way.environment } })
  await begin(git, remote, 'sha1')
  await git('checkout', '--quiet', '--detach', await fetchedInEither(git, address, directory))
  const commit = await git('rev-parse', 'HEAD')
  if (checksum !== undefined && !commit.startsWith(checksum)) {
    throw new GalleyError('invalid', `expected checksum to match ${checksum}, got ${commit}`, { code: 'build.checksum', subject: remote })
  }
  if (submodules && existsSync(`${directory}/.gitmodules`)) await git('submodule', 'update', '--quiet', '--init', '--recursive')
  way.tellNewHosts()
  if (!options.keepsGitDirectory) await deleteTree(`${directory}/.git`)
  const inside = resolveInRoot(directory, address.directory)
  if (!existsSync(inside)) {
    const what = `${address.directory} in ${remote}${ref === undefined ? '' : `#${ref}`}`
    throw new GalleyError('not found', `failed to find ${what}`, { subject: address.directory })
  }
  return { path: inside, commit }
}

/** Modules of a repository that is reached by SSH may be so too; others can't make the client's agent sign. */
async function wayTo(remote: string, directory: string, { secrets, ...offer }: CheckOutOptions): Promise<SshWay> {
  const protocols = 'http:https:git'
  if (!isSsh(remote))
    return { environment: { GIT_ALLOW_PROTOCOL: protocols }, tellNewHosts: () => undefined, [Symbol.dispose]: () => undefined }
  const knownHosts = offer.knownHosts ?? (await secrets?.(knownHostsSecret))?.toString()
  const way = await openSsh(`${directory}-ssh`, remote, { ...offer, knownHosts })
  return { ...way, environment: { ...way.environment, GIT_ALLOW_PROTOCOL: `${protocols}:ssh` } }
}

function isSsh(remote: string): boolean {
  return !/^(https?|git):\/\//.test(remote)
}

type Git = (...args: string[]) => Promise<string>

async function gitIn(
  directory: string,
  remote: string,
  { environment, secrets, signal }: Pick<CheckOutOptions, 'environment' | 'secrets' | 'signal'>,
): Promise<Git> {
  const own = { ...environment, ...still, ...(await authorization(remote, secrets)) }
  return async (...args) => {
    const { code, stdout, stderr } = await started(() => run('git', ['-C', directory, ...quiet, ...args], { environment: own, signal }))
    if (code === 0) return stdout.trim()
    throw new GalleyError('unavailable', `git ${args[0]} of ${remote}: ${reasonIn(stderr)}`, { code: 'build.git', subject: remote })
  }
}

async function started<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (!(error instanceof GalleyError) || error.code !== 'process.not-started') throw error
    throw new GalleyError('unavailable', error.message, { code: error.code, advice: 'apt-get install git', cause: error })
  }
}

/** A header for the remote's host alone, by the environment, where no list of processes shows it. */
async function authorization(remote: string, secrets: CheckOutOptions['secrets']): Promise<Record<string, string>> {
  if (secrets === undefined || !remote.startsWith('https:')) return {}
  const { origin, host } = new URL(remote)
  const secret = async (name: string): Promise<string | undefined> => {
    const value = (await secrets(`${name}.${host}`)) ?? (await secrets(name))
    return value === undefined ? undefined : Buffer.from(value).toString('utf8').trim()
  }
  const token = await secret('GIT_AUTH_TOKEN')
  const header =
    token === undefined ? await secret('GIT_AUTH_HEADER') : `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
  if (header === undefined) return {}
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: `http.${origin}/.extraHeader`, GIT_CONFIG_VALUE_0: `Authorization: ${header}` }
}

async function begin(git: Git, remote: string, format: 'sha1' | 'sha256'): Promise<void> {
  await git('init', '--quiet', `--object-format=${format}`)
  await git('remote', 'add', 'origin', remote)
}

/** Few repositories have SHA-256, and git says of them only that it can't take what it gets: the length of their commits tells them. */
async function fetchedInEither(git: Git, address: GitAddress, directory: string): Promise<string> {
  try {
    return await fetched(git, address)
  } catch (error) {
    if (!/^[0-9a-f]{64}\s/.test(await git('ls-remote', 'origin', 'HEAD').catch(() => ''))) throw error
    await deleteTree(`${directory}/.git`)
    await begin(git, address.remote, 'sha256')
    return await fetched(git, address)
  }
}

/** Brings what is needed, or, from a server that can't give single commits or histories cut short, all. */
async function fetched(git: Git, { ref = 'HEAD', remote }: GitAddress): Promise<string> {
  try {
    await git('fetch', '--quiet', '--depth=1', '--no-tags', 'origin', ref)
    return 'FETCH_HEAD'
  } catch (error) {
    await git('fetch', '--quiet', '--tags', 'origin', '+HEAD:refs/galley/head', '+refs/heads/*:refs/remotes/origin/*')
    for (const name of ref === 'HEAD' ? ['refs/galley/head'] : [`refs/remotes/origin/${ref.replace(/^refs\/heads\//, '')}`, ref]) {
      const commit = await git('rev-parse', '--quiet', '--verify', '--end-of-options', `${name}^{commit}`).catch(() => undefined)
      if (commit !== undefined) return commit
    }
    throw new GalleyError('not found', `repository ${remote} does not contain ref ${ref}`, {
      code: 'build.git-ref',
      subject: ref,
      cause: error,
    })
  }
}
