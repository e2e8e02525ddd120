import { setImmediate } from 'node:timers/promises'
import { Turns } from '#base/turns.ts'
import type { TarSink } from '#content/layers/decode.ts'
import type { SparseMap } from '#content/layers/sparse.ts'
import type { TarEntry } from '#content/layers/tar-fields.ts'
import { TreeWriter } from '#content/layers/tree-writer.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import type { EntryTable } from './entry-table.ts'
import { applyIgnoreLines } from './ignore.ts'

/** Puts members of a context's archive into its directory, which is open only meanwhile. */
export class ContextWriter implements TarSink {
  readonly directory: string
  #disk: { readonly root: OpenDirectory; readonly writer: TreeWriter } | undefined

  constructor(directory: string) {
    this.directory = directory
  }

  begin(entry: TarEntry, sparse: SparseMap | undefined): void {
    this.#open().begin(entry, sparse)
  }

  data(chunk: Buffer): void {
    this.#disk?.writer.data(chunk)
  }

  end(): void {
    this.#disk?.writer.end()
  }

  /** An entry that waits in memory; none for a directory that no member stands for, or a file that is on the disk already. */
  write(table: EntryTable, path: string, id: number): void {
    const content = table.content(id)
    if (content === undefined || Number.isNaN(table.mtime(id))) return
    const kind = table.kind(id)
    this.begin(
      {
        type: kind === 'special' ? 'fifo' : kind,
        path: bytes(path),
        target: bytes(table.target(id)),
        mode: table.mode(id),
        uid: 0,
        gid: 0,
        size: content.length,
        mtime: table.mtime(id),
        major: 0,
        minor: 0,
        xattrs: table.xattrs(id),
      },
      undefined,
    )
    if (content.length > 0) this.data(content)
    this.end()
  }

  /** Directories get their times. */
  finish(): void {
    this.#disk?.writer.finish()
  }

  close(): void {
    this.#disk?.writer.close()
    this.#disk?.root[Symbol.dispose]()
    this.#disk = undefined
  }

  #open(): TreeWriter {
    if (this.#disk === undefined) {
      const root = OpenDirectory.at(this.directory)
      this.#disk = { root, writer: new TreeWriter(root, '', { changesRoot: false, isPrivate: true, owner: { uid: 0, gid: 0 } }) }
    }
    return this.#disk.writer
  }
}

export interface PutDownRules {
  readonly isKept: (id: number) => boolean
  /** Of the ignore file, by which `isKept` judges. */
  readonly lines: readonly string[]
  readonly signal: AbortSignal | undefined
}

/** Brings what waits in memory to the disk: of a million files those that a step copies. */
export class PutDown {
  readonly #disk: ContextWriter
  readonly #table: EntryTable
  readonly #rules: PutDownRules
  readonly #turns = new Turns()
  readonly #written: Uint8Array
  #isPruned = false
  #steps = 0

  constructor(disk: ContextWriter, table: EntryTable, rules: PutDownRules) {
    this.#disk = disk
    this.#table = table
    this.#rules = rules
    this.#written = new Uint8Array(table.count)
  }

  /** Resolves with the directory when these paths, which lead through no link, are in it with all below them. */
  bring(paths: readonly string[]): Promise<string> {
    return this.#turns.run(async () => {
      if (!this.#isPruned) applyIgnoreLines(this.#disk.directory, this.#rules.lines)
      this.#isPruned = true
      try {
        for (const path of paths) await this.#bringOne(path)
        this.#disk.finish()
      } finally {
        this.#disk.close()
      }
      return this.#disk.directory
    })
  }

  async #bringOne(path: string): Promise<void> {
    const { isKept, signal } = this.#rules
    this.#leadTo(path)
    const id = this.#table.find(path)
    if (id === undefined) return
    for (const [at, each] of this.#table.below(path, id, isKept)) {
      this.#write(at, each)
      // Other builds and clients go on meanwhile.
      if (++this.#steps % 256 !== 0) continue
      await setImmediate()
      signal?.throwIfAborted()
    }
  }

  /** The directories above, again each time, as what is put into them changes their times. */
  #leadTo(path: string): void {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
      const id = this.#table.find(path.slice(0, at))
      if (id !== undefined) this.#disk.write(this.#table, path.slice(0, at), id)
    }
  }

  #write(path: string, id: number): void {
    if (this.#written[id] === 1 && this.#table.kind(id) !== 'directory') return
    this.#written[id] = 1
    this.#disk.write(this.#table, path, id)
  }
}

/** A path as the writer takes it. */
function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
