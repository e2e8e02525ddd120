import { existsSync, readFileSync, rmdirSync } from 'node:fs'

/** A control file's text, or `undefined` when the file, or its whole group, is not there. */
export function readControl(directory: string | undefined, file: string): string | undefined {
  if (directory === undefined) return undefined
  try {
    return readFileSync(`${directory}/${file}`, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** A control file's number. Version 2 says `max` for "no limit". */
export function readNumber(directory: string | undefined, file: string): number | undefined {
  const text = readControl(directory, file)
  if (text === undefined || text === '') return undefined
  return text === 'max' ? Infinity : Number(text)
}

/** Files of lines `key value` (memory.stat, memory.events, cpu.stat, memory.oom_control). */
export function readPairs(directory: string | undefined, file: string): ReadonlyMap<string, number> {
  const lines = (readControl(directory, file) ?? '').split('\n').filter((line) => line !== '')
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), Number(line.slice(line.indexOf(' ') + 1))]))
}

export function hasControl(directory: string | undefined, file: string): boolean {
  return directory !== undefined && existsSync(`${directory}/${file}`)
}

/** Removes an empty group. One that still has processes, or is gone already, is left as it is. */
export function removeGroup(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch {
    return !existsSync(directory)
  }
}
