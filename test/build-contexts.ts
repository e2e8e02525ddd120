import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { namesIn } from '#host/files/names.ts'
import type { Instance, Outcome } from './instance.ts'

/** Files of a build context, by path. */
export type Files = Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>

/** Builds with the classic `docker build` from files that a test names. */
export class BuildContexts {
  readonly #instance: Instance
  #count = 0

  constructor(instance: Instance) {
    this.#instance = instance
  }

  directory = (files: Files): string => {
    const directory = `${this.#instance.home}/context-${this.#count++}`
    mkdirSync(directory)
    for (const [path, file] of Object.entries(files)) {
      mkdirSync(dirname(`${directory}/${path}`), { recursive: true })
      const { text, mode } = typeof file === 'string' ? { text: file, mode: 0o644 } : file
      writeFileSync(`${directory}/${path}`, text, { mode })
    }
    return directory
  }

  /** Without the classic builder's notice of its own end. */
  build = async (files: Files, ...options: string[]): Promise<Outcome> => {
    const outcome = await this.#instance.docker('build', ...options, this.directory(files))
    return { ...outcome, err: outcome.err.replace(/^DEPRECATED:[\s\S]*?\/buildx\/\n\n?/, '') }
  }

  /** As `build`, but a failure fails the test; resolves with what was printed. */
  built = async (files: Files, ...options: string[]): Promise<string> => {
    const { code, out, err } = await this.build(files, ...options)
    assert.equal(code, 0, err + out)
    return out
  }

  /** What a shell command prints in a container of the image. */
  shown = (image: string, command: string, ...options: string[]): Promise<string> =>
    this.#instance.ok('run', '--rm', ...options, image, 'sh', '-c', command)

  /** What builds keep only while they go on. Directories that are out of sight are deleted in the background. */
  left = (): string[] =>
    ['build/work', 'layers/arriving', 'blobs/arriving', 'containers', 'trash'].flatMap((name) =>
      namesIn(`${this.#instance.data}/${name}`).map((entry) => `${name}/${entry}`),
    )
}
