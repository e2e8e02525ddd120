import { GalleyError } from '#base/error.ts'
import { selectSource, type Selected } from '../context/select.ts'
import type { Instruction } from '../dockerfile/model.ts'
import { download } from './download.ts'
import type { Stage } from './stage.ts'
import { transfer } from './transfer.ts'
import { isArchive, unpackArchive } from './unpack.ts'

/** `ADD`: as `COPY`, but archives of the context are unpacked into the destination, and files may come from an address. */
export async function add(stage: Stage, instruction: Instruction<'add'>): Promise<void> {
  const sources = instruction.sources.map(stage.word)
  const git = sources.find((source) => /^(git@|git:\/\/|ssh:\/\/)|^https?:\/\/[^?#]*\.git(#|$)/.test(source))
  if (git !== undefined) throw unsupported(git)
  const remote = sources.filter(isRemote)
  if (instruction.checksum !== undefined && remote.length === 0)
    throw new GalleyError('invalid', "checksum can't be specified for non-HTTP(S) sources")
  const checksum = instruction.checksum === undefined ? undefined : stage.word(instruction.checksum)
  const items: Selected[] = []
  const unpacked: Selected[] = []
  for (const source of remote) {
    const item = await download(stage, source, checksum)
    const unpacks = instruction.unpack === true && (await isArchive(await fileOf(item)))
    ;(unpacks ? unpacked : items).push(item)
  }
  const local = sources.filter((source) => !isRemote(source))
  for (const item of local.length === 0 ? [] : await fromContext(stage, local)) {
    const unpacks = instruction.unpack !== false && !item.isDirectory && (await isArchive(await fileOf(item)))
    ;(unpacks ? unpacked : items).push(item)
  }
  await transfer(stage, instruction, { keyword: 'ADD', items, unpacked }, async (root, archive, { destination }) =>
    unpackArchive(await fileOf(archive), root, destination),
  )
}

async function fromContext({ solver }: Stage, sources: readonly string[]): Promise<Selected[]> {
  const { tree } = await solver.contexts.main()
  return sources.flatMap((source) => selectSource(tree, source))
}

function isRemote(source: string): boolean {
  return /^https?:\/\//.test(source)
}

function unsupported(source: string): GalleyError {
  return new GalleyError('not implemented', `ADD of ${source} is not implemented by Galley`, { code: 'build.remote-add', subject: source })
}

async function fileOf({ tree, path }: Selected): Promise<string> {
  return `${await tree.files()}/${path}`
}
