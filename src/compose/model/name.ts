import { readFileSync } from 'node:fs'
import { kindOf, messageOf } from '#base/error.ts'
import type { Caller, LoadRequest } from './find.ts'
import { locate, nameOf, wishedName, type Located } from './locate.ts'
import { nameAfter } from './project-name.ts'
import { unreadable } from './unreadable.ts'

/** A project's name, and why its files could not be asked for it, if they could not. */
export interface FoundName {
  readonly name: string
  readonly unread?: string
}

/**
 * The name of a project, for whoever needs no more of it: its files are read only if one of them may give a name, and need not be
 * right. Throws `not found` when there are none, `invalid` for a wished name.
 */
export async function projectNameOf(request: LoadRequest, caller: Caller): Promise<FoundName> {
  const located = locate(request, caller)
  const wished = wishedName(request, located)
  if (wished !== undefined) return { name: wished }
  const texts = located.files.map(textOf)
  if (!texts.some(mayName)) return { name: nameAfter(located.home) }
  return await writtenName(request, located, texts)
}

/** Standard input is read by whoever reads the whole project. Throws `not found`. */
function textOf(file: string): string {
  if (file === '-') return ''
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

/** Keys of the top level begin a line, unless the whole document stands in braces. */
function mayName(text: string): boolean {
  return /^(?:name|"name"|'name')\s*:/m.test(text) || /^\s*\{/m.test(text)
}

async function writtenName(request: LoadRequest, { files, home, variables }: Located, texts: readonly string[]): Promise<FoundName> {
  const { rememberTrees } = await import('./documents.ts')
  try {
    return { name: nameOf(request, { home, variables, trees: files.flatMap(rememberTrees()), interpolates: true }) }
  } catch (error) {
    if (kindOf(error) !== 'invalid') throw error
    const plain = texts.flatMap((text) => /^name:\s*["']?([a-z0-9][a-z0-9_-]*)["']?\s*(?:#.*)?$/m.exec(text)?.[1] ?? []).at(-1)
    return { name: plain ?? nameAfter(home), unread: messageOf(error) }
  }
}
