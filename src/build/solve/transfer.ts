import { mkdirSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { resolveUser } from '#engine/containers/user.ts'
import { ignoring } from '../context/ignore.ts'
import { selectSource, type Selected } from '../context/select.ts'
import { digestTree, type SourceTree } from '../context/tree.ts'
import type { Instruction, Transfer } from '../dockerfile/model.ts'
import { copyFiles, linkFiles, type CopyRules, type Owner } from './copy-files.ts'
import { parseMode } from './mode.ts'
import { sourceTree } from './source.ts'
import type { Stage } from './stage.ts'
import { workdirOf } from './configure.ts'

/** `COPY`: from the build context, another stage or an image. */
export async function copy(stage: Stage, instruction: Instruction<'copy'>): Promise<void> {
  const { from } = instruction
  const tree = from === undefined ? await stage.run.context() : await sourceTree(stage, from)
  const items = instruction.sources.flatMap((source) => selectSource(tree, stage.word(source), { parents: instruction.parents }))
  await transfer(stage, instruction, { keyword: 'COPY', items, unpacked: [], ...(from !== undefined && { from }) })
}

export interface Job {
  readonly keyword: 'ADD' | 'COPY'
  readonly items: readonly Selected[]
  /** Archives, whose content is put into the destination. */
  readonly unpacked: readonly Selected[]
  readonly from?: string
}

/** What `ADD` and `COPY` have in common once their sources are found. */
export async function transfer(stage: Stage, instruction: Transfer & { readonly text: string }, job: Job, unpack?: Unpack): Promise<void> {
  const items = [...job.items, ...inlineFiles(stage, instruction)]
  const rules = rulesOf(stage, instruction, items.length + job.unpacked.length)
  if (!rules.intoDirectory && items.length + job.unpacked.length > 1) {
    throw new GalleyError(
      'invalid',
      `When using ${job.keyword} with more than one source file, the destination must be a directory and end with a /`,
    )
  }
  const { left, mode: _mode, ...plain } = rules
  const inputs = [
    job.keyword,
    plain,
    instruction.chmod,
    instruction.exclude,
    items.map(({ tree, path, name, isDirectory }) => [
      isDirectory && !instruction.parents ? '' : name,
      isDirectory,
      digestTree(tree, path, left),
    ]),
    job.unpacked.map(({ tree, path }) => digestTree(tree, path)),
  ]
  const flags = [
    ...(job.from === undefined ? [] : [`--from=${job.from}`]),
    ...(instruction.chown === undefined ? [] : [`--chown=${instruction.chown}`]),
    ...(instruction.chmod === undefined ? [] : [`--chmod=${instruction.chmod}`]),
    ...(instruction.link ? ['--link'] : []),
  ]
  const createdBy = [
    job.keyword,
    ...flags,
    ...instruction.sources.map(stage.word),
    ...instruction.inline.map(({ name }) => `<<${name}`),
    stage.word(instruction.destination),
  ].join(' ')
  await stage.change({ inputs, createdBy, text: instruction.text, independent: instruction.link }, async () => {
    using draft = stage.run.workspace.draft(instruction.link ? [] : stage.layers)
    const links = copyFiles(draft.root, items, rules)
    for (const archive of job.unpacked) await unpack?.(draft.root, archive, rules)
    const upper = draft.finish({ evenEmpty: links.length > 0 })
    if (upper !== undefined) linkFiles(upper, links)
    return upper
  })
}

export type Unpack = (root: string, archive: Selected, rules: CopyRules) => Promise<void>

function rulesOf(stage: Stage, instruction: Transfer, count: number): CopyRules {
  const written = stage.word(instruction.destination)
  const excluded = instruction.exclude.map(stage.word)
  const chmod = instruction.chmod === undefined ? undefined : stage.word(instruction.chmod)
  return {
    destination: workdirOf(stage.config, written),
    intoDirectory: /(^|\/)\.{0,2}$/.test(written) || (instruction.parents && count > 0),
    owner: ownerOf(stage, instruction),
    mode: chmod === undefined ? undefined : parseMode(chmod),
    left: excluded.length === 0 ? () => false : ignoring(excluded),
    parents: instruction.parents,
  }
}

/** Names are looked up in the stage's own /etc/passwd. Root owns what comes from the context; a stage's files keep their owner. */
function ownerOf(stage: Stage, instruction: Transfer & { readonly from?: string | undefined }): Owner | undefined {
  if (instruction.chown === undefined) return instruction.from === undefined ? { uid: 0, gid: 0 } : undefined
  const [user = '', group] = stage.word(instruction.chown).split(':')
  const root = stage.run.workspace.tree(stage.layers)
  const { uid } = resolveUser(root, user, [])
  // A user alone gives its number to the group too.
  return { uid, gid: group === undefined || group === '' ? uid : resolveUser(root, `0:${group}`, []).gid }
}

/** The heredocs of an instruction, as files of a tree of their own. */
function inlineFiles(stage: Stage, { inline }: Transfer): Selected[] {
  if (inline.length === 0) return []
  const root = stage.run.workspace.fresh()
  const tree: SourceTree = { root, owners: false }
  return inline.map(({ name, expand, text }, index) => {
    const path = `${index}/${posix.basename(name)}`
    mkdirSync(`${root}/${index}`)
    writeFileSync(`${root}/${path}`, expand ? stage.text(text) : text, { mode: 0o644 })
    return { tree, path, name: posix.basename(name), isDirectory: false }
  })
}
