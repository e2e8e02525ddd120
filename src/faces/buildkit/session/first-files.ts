import { lowercaseDockerfile } from '#build/context/dockerfile-name.ts'
import type { Client } from '../client.ts'
import { readFiles } from './read-file.ts'

const ignoreFile = '.dockerignore'

/** Where they are. */
export interface FirstFilesParts {
  /** The name that the client gave the context. */
  readonly directory: string
  /** The Dockerfile, when it is asked for: its directory and path. */
  readonly definition?: { readonly directory: string; readonly path: string } | undefined
}

/**
 * What a build reads before it knows what it needs of its context: the Dockerfile and the ignore files. A client takes a
 * millisecond or more for each exchange, so what will be asked for next comes along.
 */
export class FirstFiles {
  readonly #client: Client
  readonly #parts: FirstFilesParts
  readonly #signal: AbortSignal
  readonly #asked = new Map<string, Promise<ReadonlyMap<string, Buffer>>>()

  constructor(client: Client, parts: FirstFilesParts, signal: AbortSignal) {
    this.#client = client
    this.#parts = parts
    this.#signal = signal
  }

  /** Undefined when there is none. */
  async read(path: string): Promise<Buffer | undefined> {
    const { directory, definition } = this.#parts
    if (definition !== undefined && path === definition.path) {
      const other = lowercaseDockerfile(path)
      this.#ask(definition.directory, [path, `${path}${ignoreFile}`, ...(other === undefined ? [] : [other])])
      this.#ask(directory, [ignoreFile])
    }
    return (await (this.#asked.get(path) ?? this.#ask(directory, [path]))).get(path)
  }

  #ask(directory: string, paths: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    const answer = readFiles(this.#client, { directory, paths }, this.#signal)
    // Nobody may come to ask for what came along.
    answer.catch(() => undefined)
    for (const path of paths) this.#asked.set(path, answer)
    return answer
  }
}
