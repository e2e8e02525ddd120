import { GalleyError } from '#base/error.ts'
import { selectSource, type Selected } from '../context/select.ts'
import type { Instruction } from '../dockerfile/model.ts'
import type { Stage } from './stage.ts'
import { transfer } from './transfer.ts'
import { isArchive, unpackArchive } from './unpack.ts'

/** `ADD`: as `COPY`, but archives of the context are unpacked into the destination. */
export async function add(stage: Stage, instruction: Instruction<'add'>): Promise<void> {
  const tree = stage.run.context()
  const sources = instruction.sources.map(stage.word)
  const remote = sources.find((source) => /^(https?:\/\/|git@|git:\/\/|ssh:\/\/)/.test(source))
  if (remote !== undefined) throw unsupported(remote)
  if (instruction.checksum !== undefined) throw new GalleyError('invalid', "checksum can't be specified for non-HTTP(S) sources")
  const items: Selected[] = []
  const unpacked: Selected[] = []
  for (const item of sources.flatMap((source) => selectSource(tree, source))) {
    const unpacks = instruction.unpack !== false && !item.isDirectory && (await isArchive(pathOf(item)))
    ;(unpacks ? unpacked : items).push(item)
  }
  await transfer(stage, instruction, { keyword: 'ADD', items, unpacked }, (root, archive, { destination }) =>
    unpackArchive(pathOf(archive), root, destination),
  )
}

function unsupported(source: string): GalleyError {
  return new GalleyError('not implemented', `ADD of ${source} is not implemented by Galley`, { code: 'build.remote-add', subject: source })
}

function pathOf({ tree, path }: Selected): string {
  return `${tree.root}/${path}`
}
