import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { GalleyError, kindOf } from '#base/error.ts'
import { newId } from '#base/id.ts'
import { KeyedTurns } from '#base/turns.ts'
import { discard, discardForRoom } from '#host/files/discard.ts'
import { sizeBelow } from '#host/files/size.ts'
import type { Store } from '#store/store.ts'
import { boundDirectory, checkOptions, isMounted, isReadOnly, mountOptions, needsMount, unmountOptions } from './local-options.ts'

/** All that is kept of a volume, under `/volumes/<name>`. */
export interface Volume {
  readonly name: string
  readonly created: number
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  readonly anonymous: boolean
}

interface Wishes {
  /** None for an anonymous one. */
  readonly name?: string | undefined
  /** Nobody chose the name, though there is one. */
  readonly anonymous?: boolean
  readonly driver?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly options?: Readonly<Record<string, string>>
}

export interface VolumesOptions {
  readonly store: Store
  /** Data lies in `<directory>/<name>/_data`. */
  readonly directory: string
  readonly clock: Clock
  /** Ids of the containers that have a volume, running or not. */
  readonly usedBy: (name: string) => readonly string[]
  readonly onEvent?: (action: 'create' | 'destroy', name: string, attributes: Readonly<Record<string, string>>) => void
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/
/** What the directory of a volume that is being removed is called: no volume can have such a name. */
const leaving = '.leaving-'

/** Named and anonymous volumes of the `local` driver, data under `<directory>/<name>/_data`. */
export class Volumes {
  readonly #store: Store
  readonly #directory: string
  readonly #clock: Clock
  readonly #usedBy: (name: string) => readonly string[]
  readonly #byName = new Map<string, Volume>()
  /** Of creations, removals and mounts of one name: nobody is given what is being removed, nor makes what another one is making. */
  readonly #turns = new KeyedTurns()
  /** Who has a volume mounted, or is about to. */
  readonly #holders = new Map<string, Set<string>>()
  readonly #onEvent: VolumesOptions['onEvent']

  constructor(options: VolumesOptions) {
    this.#store = options.store
    this.#directory = options.directory
    this.#clock = options.clock
    this.#usedBy = options.usedBy
    this.#onEvent = options.onEvent
  }

  /** Reads the records. A removal that a crash cut off has taken the data: it is gone on with if the record is gone too, and else the volume is empty. */
  async start(): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(this.#directory)) if (name.startsWith(leaving)) discard(`${this.#directory}/${name}`)
    const { entries } = await this.#store.list('/volumes/')
    for (const { value } of entries) {
      const volume = JSON.parse(value) as Volume
      // Not `_data` itself, where a server may be mounted that does not answer.
      if (!existsSync(`${this.#directory}/${volume.name}`)) mkdirSync(this.mountpoint(volume.name), { recursive: true })
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

  /** Where a volume's data lies, as inspect tells it. */
  mountpoint(name: string): string {
    return `${this.#directory}/${name}/_data`
  }

  /** The directory to mount: that of the host where the volume's options bind one. Throws `invalid` when that is not there. */
  path(name: string): string {
    const bound = boundDirectory(this.get(name).options)
    if (bound !== undefined && !existsSync(bound)) {
      throw new GalleyError(
        'invalid',
        `failed to mount local volume: mount ${bound}:${this.mountpoint(name)}, flags: 0x1000: no such file or directory`,
        { subject: bound },
      )
    }
    return bound ?? this.mountpoint(name)
  }

  /** Mounts what the volume's options say on its directory, unless it is mounted already; it stays so until `holder` lets it go. Throws `unavailable`. */
  async mount(name: string, holder: string): Promise<void> {
    const { options } = this.get(name)
    if (!needsMount(options)) return
    // Before its turn: whoever lets it go meanwhile must not unmount it.
    this.hold(name, holder)
    await this.#turns.run(name, async () => {
      if (!isMounted(this.mountpoint(name))) await mountOptions(this.mountpoint(name), options)
    })
  }

  /** `holder` has it mounted since before the daemon started. */
  hold(name: string, holder: string): void {
    this.#holders.set(name, (this.#holders.get(name) ?? new Set()).add(holder))
  }

  /** `holder` lets it go: it is unmounted with the last one. */
  unmount(name: string, holder: string): void {
    const holders = this.#holders.get(name)
    holders?.delete(holder)
    if (holders !== undefined && holders.size > 0) return
    this.#holders.delete(name)
    this.#unmount(name)
  }

  #unmount(name: string): void {
    const volume = this.#byName.get(name)
    if (volume !== undefined && needsMount(volume.options)) unmountOptions(this.mountpoint(name))
  }

  /** Ids of the containers that have it, running or not. */
  usersOf(name: string): readonly string[] {
    return this.#usedBy(name)
  }

  /** How many containers have it. */
  uses(name: string): number {
    return this.#usedBy(name).length
  }

  inUse(name: string): boolean {
    return this.#usedBy(name).length > 0
  }

  /** Makes it, or returns the one that is there. Throws `invalid` (name, options), `not found` (driver). */
  async create(wishes: Wishes): Promise<Volume> {
    const name = wishes.name || newId()
    return await this.#turns.run(name, () => this.#make(name, wishes))
  }

  async #make(name: string, wishes: Wishes): Promise<Volume> {
    const { driver = 'local', labels = {}, options = {} } = wishes
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    if (!namePattern.test(name))
      throw new GalleyError(
        'invalid',
        `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      )
    if (driver !== 'local')
      throw new GalleyError('not found', `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`)
    checkOptions(options)
    mkdirSync(this.mountpoint(name), { recursive: true })
    const volume: Volume = { name, created: this.#clock.now(), labels, options, anonymous: wishes.anonymous ?? !wishes.name }
    await this.#store.txn({ then: [{ put: `/volumes/${name}`, value: JSON.stringify(volume) }] })
    this.#byName.set(name, volume)
    this.#onEvent?.('create', name, { driver })
    return volume
  }

  /** As `create`, for a container's mount. */
  async ensure(
    name: string,
    wishes: Omit<Wishes, 'name'> = {},
  ): Promise<{ readonly name: string; readonly path: string; readonly readOnly: boolean }> {
    const volume = await this.create({ name, ...wishes })
    return { name: volume.name, path: this.path(volume.name), readOnly: isReadOnly(volume.options) }
  }

  /** Throws `not found`, `conflict` while a container uses it. */
  remove(name: string): Promise<void> {
    return this.#turns.run(name, async () => {
      this.get(name)
      const users = this.#usedBy(name)
      if (users.length > 0) throw new GalleyError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`, { subject: name })
      // What is mounted there belongs to others: it must be gone from the directory before that is deleted.
      this.#unmount(name)
      await this.#takeAway(name)
      this.#onEvent?.('destroy', name, { driver: 'local' })
    })
  }

  /** The data goes before the record: a power cut between the two must not leave it to the next volume of this name. */
  async #takeAway(name: string): Promise<void> {
    const [home, away] = [`${this.#directory}/${name}`, `${this.#directory}/${leaving}${newId()}`]
    if (existsSync(home)) renameSync(home, away)
    try {
      await this.#store.txn({ then: [{ delete: `/volumes/${name}` }] })
    } catch (error) {
      if (existsSync(away)) renameSync(away, home)
      throw error
    }
    this.#byName.delete(name)
    await discardForRoom(away)
  }

  /** Removes the volumes that no container has and that `wanted` selects; tells how many bytes that frees. */
  async prune(wanted: (volume: Volume) => boolean): Promise<{ readonly removed: readonly Volume[]; readonly bytes: number }> {
    const removed: Volume[] = []
    let bytes = 0
    for (const volume of this.list()
      .filter(({ name }) => !this.inUse(name))
      .filter(wanted)) {
      const size = await this.size(volume.name)
      try {
        await this.remove(volume.name)
      } catch (error) {
        // Somebody uses it since, or has removed it: the others go all the same.
        if (!['conflict', 'not found'].includes(kindOf(error))) throw error
        continue
      }
      bytes += size
      removed.push(volume)
    }
    return { removed, bytes }
  }

  /** Bytes of the files in a volume; what a bound directory of the host holds doesn't count. */
  async size(name: string): Promise<number> {
    return await sizeBelow(this.mountpoint(name))
  }
}
