import { writeFileSync } from 'node:fs'
import type { MountRequest } from '#engine/containers/model.ts'
import type { Command } from '../dockerfile/model.ts'
import type { Stage } from './stage.ts'
import { shellOf } from './state.ts'

/** What a step runs. */
export interface Program {
  readonly argv: readonly string[]
  /** The content of the file that `argv` names, when a heredoc is a program of its own. */
  readonly script?: string
}

/** Lies in the container's /dev, which no layer has. */
const scriptPath = '/dev/.galley-script'

/** The program of a `RUN`. A heredoc that is the whole command is a script; with `#!` at its start it is run as a file. */
export function programOf({ config, solver }: Stage, command: Command): Program {
  if (command.form === 'exec') {
    // Without a command, the classic builder runs what the image runs.
    const isImages = command.args.length === 0 && solver.request.classic === true
    return { argv: isImages ? (config.Cmd ?? []) : command.args }
  }
  const { text, heredocs } = command
  const shell = shellOf(config)
  const [first] = heredocs
  if (first === undefined) return { argv: [...shell, text] }
  if (heredocs.length === 1 && /^<<-?\S+$/.test(text)) {
    return first.text.startsWith('#!') ? { argv: [scriptPath], script: first.text } : { argv: [...shell, first.text] }
  }
  return { argv: [...shell, `${text}\n${heredocs.map(({ name, text: body }) => `${body}${name}`).join('\n')}`] }
}

export function scriptMount({ solver }: Stage, { script }: Program): MountRequest[] {
  if (script === undefined) return []
  const file = `${solver.workspace.fresh()}/script`
  writeFileSync(file, script, { mode: 0o755 })
  return [{ Type: 'bind', Source: file, Target: scriptPath, ReadOnly: true }]
}
