import { GalleyError } from '#base/error.ts'
import { DiskTree } from '../context/disk-tree.ts'
import { proxiesOf } from '../context/remote-context.ts'
import { selectSource, type Selected } from '../context/select.ts'
import type { Instruction } from '../dockerfile/model.ts'
import { parseGitAddress, type GitAddress } from '../git/address.ts'
import { checkOut } from '../git/check-out.ts'
import { download } from './download.ts'
import type { Stage } from './stage.ts'
import { transfer } from './transfer.ts'
import { isArchive, unpackArchive } from './unpack.ts'

/** `ADD`: as `COPY`, but archives of the context are unpacked into the destination, and files may come from an address or from git. */
export async function add(stage: Stage, instruction: Instruction<'add'>): Promise<void> {
  const sources = instruction.sources.map(stage.word)
  const repositories = sources.flatMap((source) => parseGitAddress(source) ?? [])
  const remote = sources.filter((source) => isRemote(source) && parseGitAddress(source) === undefined)
  checkFlags(instruction, { repositories: repositories.length, remote: remote.length, all: sources.length })
  const checksum = instruction.checksum === undefined ? undefined : stage.word(instruction.checksum)
  const items: Selected[] = []
  const unpacked: Selected[] = []
  for (const address of repositories) items.push(await cloned(stage, instruction, { ...address, checksum: checksum ?? address.checksum }))
  for (const source of remote) {
    const item = await download(stage, source, checksum)
    const unpacks = instruction.unpack === true && (await isArchive(await fileOf(item)))
    ;(unpacks ? unpacked : items).push(item)
  }
  const local = sources.filter((source) => !isRemote(source) && parseGitAddress(source) === undefined)
  for (const item of local.length === 0 ? [] : await fromContext(stage, local)) {
    const unpacks = instruction.unpack !== false && !item.isDirectory && (await isArchive(await fileOf(item)))
    ;(unpacks ? unpacked : items).push(item)
  }
  const { classic = false } = stage.solver.request
  const owned = instruction.chown !== undefined && !classic
  await transfer(stage, instruction, { keyword: 'ADD', items, unpacked }, async (root, archive, { destination, owner }) =>
    unpackArchive(await fileOf(archive), root, { destination, owner: owned ? owner : undefined }),
  )
}

/** Throws `invalid` for a flag that means nothing for any source. */
function checkFlags(
  { checksum, keepGitDir }: Instruction<'add'>,
  { repositories, remote, all }: { readonly repositories: number; readonly remote: number; readonly all: number },
): void {
  if (checksum !== undefined && all !== 1) throw new GalleyError('invalid', "checksum can't be specified for multiple sources")
  if (checksum !== undefined && repositories + remote === 0)
    throw new GalleyError('invalid', "checksum can't be specified for non-HTTP(S) sources")
  if (keepGitDir !== undefined && repositories === 0)
    throw new GalleyError('invalid', "keep-git-dir can't be specified for non-git sources")
}

/** The files of a repository, as a directory that is copied. */
async function cloned({ solver }: Stage, { keepGitDir }: Instruction<'add'>, address: GitAddress): Promise<Selected> {
  const { builder, request, workspace, signal } = solver
  const { path, commit } = await checkOut(address, workspace.fresh(), {
    environment: proxiesOf(await builder.surroundings()),
    secrets: request.secrets,
    ssh: request.ssh,
    knownHosts: undefined,
    warn: (text) => solver.emit({ type: 'warning', text }),
    keepsGitDirectory: keepGitDir ?? address.keepsGitDirectory ?? false,
    signal,
  })
  solver.use({ kind: 'git', url: address.ref === undefined ? address.remote : `${address.remote}#${address.ref}`, commit })
  return { tree: new DiskTree(path, { owners: false, digests: new Map() }), path: '', name: '', isDirectory: true }
}

async function fromContext({ solver }: Stage, sources: readonly string[]): Promise<Selected[]> {
  const { tree } = await solver.contexts.main()
  const { classic = false } = solver.request
  return sources.flatMap((source) => selectSource(tree, source, { classic }))
}

function isRemote(source: string): boolean {
  return /^https?:\/\//.test(source)
}

async function fileOf({ tree, path }: Selected): Promise<string> {
  return `${await tree.files([path])}/${path}`
}
