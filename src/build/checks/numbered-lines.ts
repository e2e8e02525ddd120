import { splitKeyword } from '../dockerfile/instructions.ts'
import { readLines } from '../dockerfile/lines.ts'
import type { Dockerfile, Instruction, Stage } from '../dockerfile/model.ts'
import { parseDockerfile } from '../dockerfile/parse.ts'
import type { Place } from '../dockerfile/problem.ts'

/** One instruction of the file with the way it is written, which its parsed form does not tell. */
export interface CheckedLine {
  readonly place: Place
  /** The last line before its heredocs, if it has some. */
  readonly lastOfText: number
  /** The keyword as written. */
  readonly written: string
  /** What stands behind it. */
  readonly rest: string
  /** Undefined for a `FROM`. */
  readonly instruction: Instruction | undefined
  /** Index of the stage that it begins or belongs to; -1 in front of the first. */
  readonly stage: number
}

/** What is checked: a Dockerfile that parses. */
export interface CheckedFile {
  readonly physical: readonly string[]
  readonly file: Dockerfile
  readonly lines: readonly CheckedLine[]
  /** The value of the directive `# check=`. */
  readonly directive: string | undefined
}

/** Reads a Dockerfile for checking. Throws as `parseDockerfile` does. */
export function checkedFile(text: string): CheckedFile {
  const file = parseDockerfile(text)
  const { directives, lines } = readLines(text)
  const before = { stage: -1, at: 0 }
  return {
    file,
    physical: text.split(/\r?\n/),
    directive: directives.check,
    lines: lines.map((line) => {
      const { keyword, written, rest } = splitKeyword(line)
      if (keyword === 'from') Object.assign(before, { stage: before.stage + 1, at: 0 })
      const stage: Stage | undefined = file.stages[before.stage]
      const instruction = keyword === 'from' ? undefined : (stage?.instructions ?? file.globals)[before.at++]
      const lastOfText = line.place(line.text.length - 1).line
      return { place: line.place(0, line.text.length), lastOfText, written, rest, instruction, stage: before.stage }
    }),
  }
}
