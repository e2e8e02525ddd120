import type { Service } from '#compose/model/model.ts'
import type { Ground } from './ground.ts'

/** The words that a service's container starts with; a command of its own goes on from the image's entry point. */
export function commandOf({ entrypoint, command }: Service, { config: { Entrypoint, Cmd } }: Ground): readonly string[] {
  return [...(entrypoint ?? Entrypoint ?? []), ...(command ?? (entrypoint === undefined ? Cmd : undefined) ?? [])]
}

/** The words of a service's health check as its container runs it; undefined for none. */
export function checkWords({ healthcheck }: Service, { config }: Ground): readonly string[] | undefined {
  const given = healthcheck?.test ?? []
  const [kind, ...words] = given.length > 0 ? given : (config.Healthcheck?.Test ?? [])
  if (kind === undefined || kind === 'NONE') return undefined
  return kind === 'CMD-SHELL' ? [...(config.Shell ?? ['/bin/sh', '-c']), words.join(' ')] : words
}

/** The programs that words start: the first, and where that is a shell with a line, those that the line surely begins with. */
export function programsOf(words: readonly string[]): string[] {
  const [program, flag, line] = words
  if (program === undefined) return []
  return /(^|\/)(ba|da|a)?sh$/.test(program) && flag === '-c' && line !== undefined ? [program, ...firstOfLine(line)] : [program]
}

const ofTheShell =
  /^(?:exit|true|false|test|\[|\[\[|echo|printf|cd|exec|export|set|unset|if|then|else|fi|for|while|until|do|done|case|trap|eval|read|shift|wait|return|kill|pwd|type|command|let|local|ulimit|umask|source|\.|:|!|\{|\}|time)$/

/**
 * The program that a shell's line starts first. None where the shell does that itself, where a variable or a quote names it, or where
 * another program takes over when it fails (`curl … || wget …`).
 */
function firstOfLine(line: string): string[] {
  const [first = '', ...others] = line.split('||')
  const isAlone = others.every((other) => ofTheShell.test(wordOf(other)))
  const word = wordOf(first)
  return isAlone && /^[\w./+-]+$/.test(word) && !ofTheShell.test(word) ? [word] : []
}

function wordOf(text: string): string {
  const words = text.trim().split(/[\s;&|()<>]+/)
  return words.find((word) => word !== 'exec' && word !== '!' && !/^\w+=/.test(word)) ?? ''
}
