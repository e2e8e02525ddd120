import { existsSync, mkdirSync, renameSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { newId } from '#base/id.ts'
import { discard } from '#host/files/discard.ts'
import type { Store } from '#store/store.ts'

/** All that is kept of a volume, under `/volumes/<name>`. */
export interface Volume {
  readonly name: string
  readonly created: number
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  readonly anonymous: boolean
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** Named and anonymous volumes of the `local` driver, data under `<directory>/<name>/_data`. */
export class Volumes {
  readonly #store: Store
  readonly #directory: string
  readonly #clock: Clock
  readonly #usedBy: (name: string) => readonly string[]
  readonly #byName = new Map<string, Volume>()

  constructor(options: { readonly store: Store; readonly directory: string; readonly clock: Clock; readonly usedBy: (name: string) => readonly string[] }) {
    this.#store = options.store
    this.#directory = options.directory
    this.#clock = options.clock
    this.#usedBy = options.usedBy
  }

  async start(): Promise<void> {
    const { entries } = await this.#store.list('/volumes/')
    for (const { value } of entries) {
      const volume = JSON.parse(value) as Volume
      this.#byName.set(volume.name, volume)
    }
  }

  list(): Volume[] {
    return [...this.#byName.values()]
  }

  /** Throws `not found`. */
  get(name: string): Volume {
    const volume = this.#byName.get(name)
    if (volume === undefined) throw new GalleyError('not found', `get ${name}: no such volume`, { code: 'volume.not-found', subject: name })
    return volume
  }

  path(name: string): string {
    return `${this.#directory}/${name}/_data`
  }

  inUse(name: string): boolean {
    return this.#usedBy(name).length > 0
  }

  /** Makes it, or returns the one that is there. Throws `invalid` (name), `not implemented` (driver, options). */
  async create(wishes: { readonly name?: string | undefined; readonly driver?: string; readonly labels?: Readonly<Record<string, string>>; readonly options?: Readonly<Record<string, string>> }): Promise<Volume> {
    const { driver = 'local', labels = {}, options = {} } = wishes
    const name = wishes.name || newId()
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    if (!namePattern.test(name)) throw new GalleyError('invalid', `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`)
    if (driver !== 'local') throw new GalleyError('not found', `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`)
    if (Object.keys(options).length > 0) throw new GalleyError('not implemented', 'options of the local volume driver are not implemented by Galley')
    mkdirSync(this.path(name), { recursive: true })
    const volume: Volume = { name, created: this.#clock.now(), labels, options, anonymous: !wishes.name }
    await this.#store.txn({ then: [{ put: `/volumes/${name}`, value: JSON.stringify(volume) }] })
    this.#byName.set(name, volume)
    return volume
  }

  /** As `create`, for a container's mount. */
  async ensure(name: string | undefined): Promise<{ readonly name: string; readonly path: string }> {
    const volume = await this.create({ name })
    return { name: volume.name, path: this.path(volume.name) }
  }

  /** Throws `not found`, `conflict` while a container uses it. */
  async remove(name: string): Promise<void> {
    this.get(name)
    const users = this.#usedBy(name)
    if (users.length > 0) throw new GalleyError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`, { subject: name })
    await this.#store.txn({ then: [{ delete: `/volumes/${name}` }] })
    this.#byName.delete(name)
    const leaving = `${this.#directory}/.leaving-${newId()}`
    if (existsSync(`${this.#directory}/${name}`)) renameSync(`${this.#directory}/${name}`, leaving)
    discard(leaving)
  }
}
