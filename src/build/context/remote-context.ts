import { createHash } from 'node:crypto'
import { GalleyError } from '#base/error.ts'
import { peek } from '#content/layers/peek.ts'
import type { Transport } from '#content/remote/transport.ts'
import type { Surroundings } from '#engine/catalogue/surroundings.ts'
import type { Material } from '../attest/materials.ts'
import { parseGitContext, type GitAddress } from '../git/address.ts'
import type { SshOffer } from '../git/ssh.ts'
import { checkOut, type CheckOutOptions } from '../git/check-out.ts'
import { proxyArgs } from '../graph/platform-args.ts'
import { compressionOf, isTar } from './archive-head.ts'
import { DiskTree } from './disk-tree.ts'
import { applyIgnoreLines, readInTree } from './ignore.ts'
import { get } from './get.ts'
import type { ContextSource, OpenContext } from './source.ts'
import { TarContext } from './tar-context.ts'
import { checkTextSize } from './text-file.ts'

export interface Remote extends Partial<SshOffer> {
  readonly transport: Transport
  readonly surroundings: () => Promise<Surroundings>
  readonly secrets: CheckOutOptions['secrets']
  /** Keeps a repository's `.git`, where its address doesn't say. */
  readonly keepsGitDirectory: boolean
}

/** A context that an address names: a git repository, an archive, or a lone Dockerfile. Throws `invalid` for anything else. */
export function remoteContext(text: string, remote: Remote): ContextSource {
  const git = parseGitContext(text)
  if (git !== undefined) return { open: (directory, signal) => openRepository(git, remote, { directory: directory(), signal, text }) }
  if (!/^https?:\/\//.test(text)) throw new GalleyError('invalid', `unsupported remote context ${text}`, { subject: text })
  return { open: (directory, signal) => openAddress(new URL(text), remote, { directory: directory(), signal, text }) }
}

/** What of the steps' surroundings a program of the host needs to reach the outside. */
export function proxiesOf({ environment }: Surroundings): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => proxyArgs.has(name)))
}

interface Opening {
  readonly directory: string
  /** The address. */
  readonly text: string
  readonly signal: AbortSignal
}

async function openRepository(address: GitAddress, remote: Remote, { directory, signal, text }: Opening): Promise<OpenContext> {
  const environment = proxiesOf(await remote.surroundings())
  const { keepsGitDirectory = remote.keepsGitDirectory } = address
  const { secrets, ssh, knownHosts, warn = () => undefined } = remote
  const options = { environment, secrets, ssh, knownHosts, warn, keepsGitDirectory, signal }
  const { path: root, commit } = await checkOut(address, directory, options)
  return {
    read: async (path) => readInTree(root, path),
    receive: async ({ ignore }) => {
      applyIgnoreLines(root, ignore)
      return { tree: new DiskTree(root, { owners: false, digests: new Map() }) }
    },
    material: () => ({ kind: 'git', url: text, commit }),
  }
}

/** Whatever the server calls it: what begins as an archive is one, and any other text is a Dockerfile. */
async function openAddress(url: URL, { transport }: Remote, { directory, signal, text: address }: Opening): Promise<OpenContext> {
  const { body } = await get(transport, url, signal)
  const hashing = new Hashing(body as AsyncIterable<Buffer>)
  const material = (): Material | undefined =>
    hashing.digest === undefined ? undefined : { kind: 'http', url: address, digest: hashing.digest }
  const { head, whole } = await peek(hashing.bytes(), 512)
  if (isTar(head) || compressionOf(head) !== undefined) return { ...(await new TarContext(whole).open(() => directory, signal)), material }
  let text = ''
  for await (const chunk of whole) {
    text += chunk.toString('utf8')
    checkTextSize('Dockerfile', text.length)
  }
  return {
    // By whatever name the Dockerfile is asked for.
    read: async (path) => (path.endsWith('.dockerignore') ? undefined : text),
    receive: async () => ({ root: directory, digests: new Map() }),
    material,
  }
}

/** Takes the sha256 of what passes, which is known when all of it has. */
class Hashing {
  readonly #source: AsyncIterable<Buffer>
  /** In hexadecimal. */
  digest: string | undefined

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source
  }

  async *bytes(): AsyncGenerator<Buffer> {
    const hash = createHash('sha256')
    for await (const chunk of this.#source) {
      hash.update(chunk)
      yield chunk
    }
    this.digest = hash.digest('hex')
  }
}
