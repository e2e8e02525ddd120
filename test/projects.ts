import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Instance, Outcome } from './instance.ts'

export const galley = resolve('galley')

/** Compose projects in an instance's directory. */
export class Projects {
  readonly #instance: Instance

  constructor(instance: Instance) {
    this.#instance = instance
  }

  /** A directory with files, whose names may have directories; the project is named after it. */
  readonly directory = (name: string, files: Readonly<Record<string, string>>): string => {
    const path = `${this.#instance.home}/${name}`
    mkdirSync(path, { recursive: true })
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(`${path}/${file}`), { recursive: true })
      writeFileSync(`${path}/${file}`, text)
    }
    return path
  }

  /** galley, called in a project's directory. */
  readonly run = (cwd: string, ...args: string[]): Promise<Outcome> => this.#instance.command(galley, args, { cwd })
}

/** What `up` told of, but for the containers that it found running. */
export const changesIn = ({ err }: Outcome): string => err.replace(/^ Container \S+ {2}Running\n/gm, '')
