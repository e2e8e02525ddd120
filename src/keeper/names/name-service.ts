import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { Resolver, type ResolverSpec } from './resolver.ts'
import { Names, type NameTable } from './table.ts'
import { HostServers } from './upstream.ts'

/** What the daemon says about names. Level, not edge: each is the whole of its table or resolver. */
export interface NameNews {
  /** A table without records is forgotten. */
  readonly tables: readonly NameTable[]
  /** A resolver without networks is closed. */
  readonly resolvers: readonly ResolverSpec[]
  /** These are all that there are. */
  readonly whole?: boolean
}

/** Name tables and the resolvers that answer from them, kept in files so that the next keeper has them at once. */
export class NameService {
  readonly #directory: string
  readonly #clock: Clock
  readonly #host = new HostServers()
  readonly #tables = new Map<string, Names>()
  readonly #resolvers = new Map<string, { readonly text: string; readonly resolver: Resolver }>()

  constructor(directory: string, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
    for (const kind of ['tables', 'resolvers']) mkdirSync(`${directory}/${kind}`, { recursive: true, mode: 0o700 })
  }

  /** Takes up what the last keeper left. What went with its container, or was being written when that one died, is dropped: the daemon tells it again. */
  restore(): void {
    const each = (kind: 'tables' | 'resolvers', take: (id: string) => void, drop: (id: string) => void): void => {
      for (const id of readdirSync(`${this.#directory}/${kind}`)) {
        try {
          take(id)
        } catch {
          drop(id)
        }
      }
    }
    each(
      'tables',
      (id) => this.#setTable(this.#read<NameTable>(`tables/${id}`)),
      (id) => this.#forgetTable(id),
    )
    each(
      'resolvers',
      (id) => this.#setResolver(this.#read<ResolverSpec>(`resolvers/${id}`)),
      (id) => this.#close(id),
    )
  }

  /** Throws `SystemCallError` when a resolver can't listen; all else has been done then. */
  tell({ tables, resolvers, whole = false }: NameNews): void {
    if (whole) this.#dropOthers(new Set([...tables.map(({ id }) => id), ...resolvers.map(({ container }) => container)]))
    for (const table of tables) this.#setTable(table)
    const failures: unknown[] = []
    for (const spec of resolvers) {
      try {
        this.#setResolver(spec)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  #dropOthers(kept: ReadonlySet<string>): void {
    for (const id of this.#tables.keys()) if (!kept.has(id)) this.#forgetTable(id)
    for (const container of this.#resolvers.keys()) if (!kept.has(container)) this.#close(container)
  }

  #setTable(table: NameTable): void {
    if (table.records.length === 0) return this.#forgetTable(table.id)
    this.#tables.set(table.id, new Names(table))
    this.#write(`tables/${table.id}`, JSON.stringify(table))
  }

  #forgetTable(id: string): void {
    this.#tables.delete(id)
    this.#delete(`tables/${id}`)
  }

  #setResolver(spec: ResolverSpec): void {
    const text = JSON.stringify(spec)
    if (this.#resolvers.get(spec.container)?.text === text) return
    this.#close(spec.container)
    if (spec.networks.length === 0) return
    const resolver = new Resolver(spec, { clock: this.#clock, host: this.#host, names: (id) => this.#tables.get(id) })
    this.#resolvers.set(spec.container, { text, resolver })
    this.#write(`resolvers/${spec.container}`, text)
  }

  #close(container: string): void {
    this.#resolvers.get(container)?.resolver[Symbol.dispose]()
    this.#resolvers.delete(container)
    this.#delete(`resolvers/${container}`)
  }

  #read<T>(name: string): T {
    return JSON.parse(readFileSync(`${this.#directory}/${name}`, 'utf8')) as T
  }

  #write(name: string, text: string): void {
    writeFileSync(`${this.#directory}/${name}`, text)
  }

  #delete(name: string): void {
    if (existsSync(`${this.#directory}/${name}`)) unlinkSync(`${this.#directory}/${name}`)
  }
}
