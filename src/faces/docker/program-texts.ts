import { statSync } from 'node:fs'
import { run } from '#host/process/run.ts'

/**
 * What programs say of their version (`--version`), each asked once for as long as its file stays the same: to start one takes longer
 * than all else of an answer that tells of it, and buildx asks for one before each build.
 */
export class ProgramTexts {
  readonly #known = new Map<string, { readonly file: string; readonly text: Promise<string> }>()

  /** Empty where there is no such program. */
  async of(program: string): Promise<string> {
    const file = identity(program)
    if (file === undefined) return ''
    const known = this.#known.get(program)
    if (known?.file === file) return known.text
    const text = run(program, ['--version']).then(({ stdout }) => stdout)
    this.#known.set(program, { file, text })
    // What failed once may succeed the next time.
    text.catch(() => this.#known.delete(program))
    return text
  }
}

/** Changes with the file that a path leads to. */
function identity(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? undefined : [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ')
}
