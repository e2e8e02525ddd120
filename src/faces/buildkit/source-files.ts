import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { posix } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { workDirectory, type Builder } from '#build/builder.ts'
import { get } from '#build/context/get.ts'
import { remoteContext } from '#build/context/remote-context.ts'
import type { ContextSource } from '#build/context/source.ts'
import { discard } from '#host/files/discard.ts'
import type { Client } from './client.ts'
import type { DefinedSource } from './definitions.ts'
import { unsupported } from './frontend/options.ts'
import type { Progress } from './progress.ts'
import { readFile } from './session/read-file.ts'

export interface SourceFilesParts {
  readonly builder: Builder
  readonly client: Client
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly source: DefinedSource
}

/** Files of a source that a client reads by itself: a Dockerfile or definitions of bake at an address. */
export class SourceFiles implements Disposable {
  readonly progress: Progress
  readonly #parts: SourceFilesParts
  readonly #directory: string
  #read: Promise<(path: string) => Promise<Buffer | undefined>> | undefined

  constructor(parts: SourceFilesParts) {
    this.#parts = parts
    this.progress = parts.progress
    this.#directory = `${workDirectory(parts.builder)}/${randomUUID()}`
  }

  /** The content of one file; undefined when there is none. */
  async read(path: string): Promise<Buffer | undefined> {
    this.#read ??= this.#open()
    return (await this.#read)(path.replace(/^\/+/, ''))
  }

  /** The same as a build's context. */
  context(): ContextSource {
    const { builder, client, progress, signal, source } = this.#parts
    const { transport, surroundings } = builder
    const keepsGitDirectory = source.attributes.get('git.keepgitdir') === 'true'
    return remoteContext(addressOf(source), {
      transport,
      surroundings,
      secrets: (id) => client.secret(id, signal),
      ssh: (id) => client.agent(id, signal),
      knownHosts: source.attributes.get('git.knownsshhosts'),
      warn: (text) => progress.onEvent({ type: 'warning', text }),
      keepsGitDirectory,
    })
  }

  [Symbol.dispose](): void {
    discard(this.#directory)
  }

  async #open(): Promise<(path: string) => Promise<Buffer | undefined>> {
    const { builder, client, signal, source } = this.#parts
    const { identifier, attributes, unpacked } = source
    if (identifier.startsWith('local://'))
      return (path) => readFile(client, { directory: identifier.slice('local://'.length), path }, signal)
    if (/^https?:/.test(identifier) && !unpacked) {
      const { body, url } = await get(builder.transport, new URL(identifier), signal)
      const content = await buffer(body)
      const name = attributes.get('http.filename') ?? url.pathname.split('/').at(-1)
      return (path) => Promise.resolve(path === name ? content : undefined)
    }
    const directory = (): string => {
      mkdirSync(this.#directory, { mode: 0o700 })
      return this.#directory
    }
    const open = await this.context().open(directory, signal)
    return async (path) => {
      const text = await open.read(path)
      return text === undefined ? undefined : Buffer.from(text)
    }
  }
}

function addressOf({ identifier, attributes, unpacked, directory }: DefinedSource): string {
  if (unpacked && /^https?:/.test(identifier)) return identifier
  const [, plain = '', ref = '', inside = ''] = /^git:\/\/([^#]*)(?:#([^:]*)(?::(.*))?)?$/s.exec(identifier) ?? []
  if (plain === '') throw unsupported(`the source ${identifier}`)
  const below = posix.join(inside, attributes.get('git.subdir') ?? '', directory).replace(/^\.$/, '')
  return `${attributes.get('git.fullurl') ?? `https://${plain}`}#${ref}${below === '' ? '' : `:${below}`}`
}
