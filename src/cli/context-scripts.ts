import { readFileSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Command, Instruction } from '#build/dockerfile/model.ts'
import { parseDockerfile } from '#build/dockerfile/parse.ts'
import type { ContextScript } from '#diagnose/context-scripts.ts'

/** Larger files are no scripts that a person writes. */
const largest = 1 << 20

/** The scripts of a context directory that a Dockerfile copies or starts by name. Nothing for a text that is no Dockerfile. */
export function contextScripts(context: string, text: string): ContextScript[] {
  const instructions = instructionsOf(text)
  const started = new Set(instructions.flatMap(startedBy))
  const names = new Set([...instructions.flatMap(copiedBy), ...[...started].filter((name) => name.startsWith('./'))])
  const own = /\bchmod\b/.test(text)
  const programs = new Set([...started].map((path) => basename(path)))
  return [...names].flatMap((name) => {
    const path = resolve(context, name)
    const script = path.startsWith(`${context}/`) ? scriptAt(path) : undefined
    return script === undefined ? [] : [{ path, ...script, started: !own && programs.has(basename(path)) }]
  })
}

function instructionsOf(text: string): readonly Instruction[] {
  try {
    return parseDockerfile(text).stages.flatMap(({ instructions }) => instructions)
  } catch {
    // What is wrong with it is told by the build checks.
    return []
  }
}

/** Files that are copied by name; patterns, variables, addresses and other stages' files are left out. */
function copiedBy(instruction: Instruction): readonly string[] {
  if (instruction.keyword !== 'copy' && instruction.keyword !== 'add') return []
  if (instruction.keyword === 'copy' && instruction.from !== undefined) return []
  return instruction.sources.filter((source) => !/[*?[$]|:\/\//.test(source)).map((source) => source.replace(/^\/+/, ''))
}

/** Paths that are started as programs. */
function startedBy(instruction: Instruction): readonly string[] {
  const { keyword } = instruction
  if (keyword !== 'run' && keyword !== 'cmd' && keyword !== 'entrypoint') return []
  return pathsIn(instruction.command)
}

function pathsIn(command: Command): readonly string[] {
  if (command.form === 'exec') return command.args.slice(0, 1).filter((word) => word.includes('/'))
  return [...command.text.matchAll(/(?:^|&&|\|\||;|\n)\s*(?:exec\s+)?(\.?\/[\w./-]+)/g)].map(([, path = '']) => path)
}

function scriptAt(path: string): Pick<ContextScript, 'firstLine' | 'executable'> | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() !== true || stat.size > largest) return undefined
  const text = readFileSync(path, 'latin1')
  return text.startsWith('#!') ? { firstLine: text.split('\n', 1)[0] ?? '', executable: (stat.mode & 0o111) !== 0 } : undefined
}
