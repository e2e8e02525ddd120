import { createHash } from 'node:crypto'
import { lstatSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { statementOf, type Subject } from '#content/manifests/attestation.ts'
import { filesOf } from '../attest/tree-files.ts'
import type { FileParts } from '../request.ts'
import type { Workspace } from '../solve/workspace.ts'
import type { Attested, Built } from './built.ts'

/** Bytes that are read before other tasks go on. */
const atOnce = 1 << 20

/** A directory of what was built, with what is said of its files in files beside them. */
export async function withStatements(
  workspace: Workspace,
  { solver, state, attestations }: Built,
  { attestationPrefix = '' }: FileParts,
): Promise<string> {
  const said = attestations.filter(({ inlineOnly }) => !inlineOnly)
  if (said.length === 0) return workspace.tree(state.layers)
  const { root } = workspace.draft(state.layers)
  const subjects = await subjectsIn(root)
  for (const attestation of said) {
    const path = write(root, attestationPrefix, { attestation, subjects })
    if (solver.settings.epoch !== undefined) utimesSync(path, solver.settings.epoch / 1000, solver.settings.epoch / 1000)
  }
  return root
}

/** Every file by its content. */
async function subjectsIn(root: string): Promise<Subject[]> {
  const subjects: Subject[] = []
  for (const { path: name, size, read } of filesOf(root)) {
    const hash = createHash('sha256')
    for (let at = 0; at < size; at += atOnce) {
      hash.update(read(at, atOnce))
      await new Promise(setImmediate)
    }
    subjects.push({ name, digest: { sha256: hash.digest('hex') } })
  }
  return subjects
}

/** In the root, instead of a file or link of this name. */
function write(
  root: string,
  prefix: string,
  { attestation, subjects }: { readonly attestation: Attested; readonly subjects: readonly Subject[] },
): string {
  const name = posix.basename(prefix + attestation.fileName)
  const path = `${root}/${name}`
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory() === true || ['', '.', '..'].includes(name))
    throw new GalleyError('invalid', `an attestation cannot be written to ${name}`, { subject: name })
  if (stat !== undefined) unlinkSync(path)
  writeFileSync(path, JSON.stringify(statementOf(attestation, subjects), undefined, 2), { flag: 'wx', mode: 0o600 })
  return path
}
