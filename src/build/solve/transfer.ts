import { mkdirSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { resolveUser } from '#engine/containers/user.ts'
import { ignoring } from '../context/ignore.ts'
import { selectSource, type Selected } from '../context/select.ts'
import { DiskTree } from '../context/disk-tree.ts'
import { digestTree, type SourceTree } from '../context/tree.ts'
import type { Instruction, Transfer } from '../dockerfile/model.ts'
import { copyFiles, linkFiles, onDisk, type CopyRules, type Owner } from './copy-files.ts'
import { parseMode } from './mode.ts'
import { sourceOf } from './source.ts'
import type { Stage } from './stage.ts'
import { workdirOf } from './configure.ts'

/** `COPY`: from the build context, another stage or an image. */
export async function copy(stage: Stage, instruction: Instruction<'copy'>): Promise<void> {
  const { from } = instruction
  const { tree } = await (from === undefined ? stage.solver.contexts.main() : sourceOf(stage, from))
  const { parents } = instruction
  const { classic = false } = stage.solver.request
  const items = instruction.sources.flatMap((source) => selectSource(tree, stage.word(source), { parents, classic }))
  await transfer(stage, instruction, { keyword: 'COPY', items, unpacked: [], ...(from !== undefined && { from }) })
}

/** A whole tree, as a stage that starts from files has it. */
export async function copyTree(stage: Stage, tree: SourceTree): Promise<void> {
  const whole = {
    sources: ['.'],
    inline: [],
    destination: '/',
    chown: undefined,
    chmod: undefined,
    link: false,
    parents: false,
    exclude: [],
  }
  await transfer(stage, { ...whole, text: 'COPY . /' }, { keyword: 'COPY', items: selectSource(tree, '.'), unpacked: [] })
}

export interface Job {
  readonly keyword: 'ADD' | 'COPY'
  readonly items: readonly Selected[]
  /** Archives, whose content is put into the destination. */
  readonly unpacked: readonly Selected[]
  readonly from?: string
}

/** What `ADD` and `COPY` have in common once their sources are found. */
export async function transfer(stage: Stage, instruction: TransferStep, found: Job, unpack?: Unpack): Promise<void> {
  const job = { ...found, items: [...found.items, ...inlineFiles(stage, instruction)] }
  const count = job.items.length + job.unpacked.length
  const rules = rulesOf(stage, instruction, count)
  if (stage.solver.request.classic === true) checkCount(job.keyword, count, rules)
  const step = {
    inputs: inputsOf(instruction, job, rules),
    createdBy: lineOf(stage, instruction, job),
    text: instruction.text,
    independent: instruction.link,
  }
  await stage.change(step, async () => {
    using draft = stage.solver.workspace.draft(instruction.link ? [] : stage.layers)
    const later = copyFiles(draft.root, await onDisk(job.items), rules)
    for (const archive of job.unpacked) await unpack?.(draft.root, archive, rules)
    const upper = draft.finish({ evenEmpty: later.links.length > 0 })
    if (upper !== undefined) linkFiles(upper, later)
    return upper
  })
}

type TransferStep = Transfer & { readonly text: string }

/** What the classic builder refuses; BuildKit looks where it puts the files. */
function checkCount(keyword: Job['keyword'], count: number, { intoDirectory }: CopyRules): void {
  if (count === 0) throw new GalleyError('invalid', 'no source files were specified', { code: 'copy.no-source' })
  if (count > 1 && !intoDirectory)
    throw new GalleyError(
      'invalid',
      `When using ${keyword} with more than one source file, the destination must be a directory and end with a /`,
    )
}

/** All that the result depends on besides the files so far. */
function inputsOf({ parents }: Transfer, { keyword, items, unpacked }: Job, rules: CopyRules): readonly unknown[] {
  const { left, mode: _mode, links: _links, ...plain } = rules
  const leaving = { left, rule: plain.excluded.join('\0') }
  const files = items.map(({ tree, path, name, isDirectory }) => [
    isDirectory && !parents ? '' : name,
    isDirectory,
    digestTree(tree, path, leaving),
  ])
  return [keyword, plain, files, unpacked.map(({ tree, path }) => digestTree(tree, path))]
}

/** The step's line in the history. */
function lineOf(stage: Stage, { chown, chmod, link, sources, inline, destination }: Transfer, { keyword, from }: Job): string {
  return [
    keyword,
    ...(from === undefined ? [] : [`--from=${from}`]),
    ...(chown === undefined ? [] : [`--chown=${stage.word(chown)}`]),
    ...(chmod === undefined ? [] : [`--chmod=${stage.word(chmod)}`]),
    ...(link ? ['--link'] : []),
    ...sources.map(stage.word),
    ...inline.map(({ name }) => `<<${name}`),
    stage.word(destination),
  ].join(' ')
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
    chmod,
    mode: chmod === undefined ? undefined : parseMode(chmod),
    // As BuildKit does: a mode in octal holds for them too, a change of modes does not.
    madeMode: /^[0-7]+$/.test(chmod ?? '') ? Number.parseInt(chmod ?? '', 8) : 0o755,
    left: excluded.length === 0 ? () => false : ignoring(excluded),
    excluded,
    parents: instruction.parents,
    // A layer whose times are changed has files of its own.
    links: stage.solver.settings.epoch === undefined,
  }
}

/** Names are looked up in the stage's own /etc/passwd. Root owns what comes from the context; a stage's files keep their owner. */
function ownerOf(stage: Stage, instruction: Transfer & { readonly from?: string | undefined }): Owner | undefined {
  if (instruction.chown === undefined) return instruction.from === undefined ? { uid: 0, gid: 0 } : undefined
  const [user = '', group] = stage.word(instruction.chown).split(':')
  const root = stage.solver.workspace.tree(stage.layers)
  const { uid, gid } = resolveUser(root, user, [])
  // A user by name brings the group of its own; a number alone is the group's too.
  if (group === undefined || group === '') return { uid, gid: /^\d+$/.test(user) ? uid : gid }
  return { uid, gid: resolveUser(root, `0:${group}`, []).gid }
}

/** The heredocs of an instruction, as files of a tree of their own. */
function inlineFiles(stage: Stage, { inline }: Transfer): Selected[] {
  if (inline.length === 0) return []
  const root = stage.solver.workspace.fresh()
  const tree = new DiskTree(root, { owners: false })
  return inline.map(({ name, expand, text }, index) => {
    const path = `${index}/${posix.basename(name)}`
    mkdirSync(`${root}/${index}`)
    writeFileSync(`${root}/${path}`, expand ? stage.text(text) : text, { mode: 0o644 })
    return { tree, path, name: posix.basename(name), isDirectory: false }
  })
}
