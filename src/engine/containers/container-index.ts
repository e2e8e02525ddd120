import { label } from '#base/compose-labels.ts'
import { GalleyError } from '#base/error.ts'
import { KeyedTurns } from '#base/turns.ts'
import type { Store } from '#store/store.ts'
import { Drafts } from './drafts.ts'
import { parseLink } from './links.ts'
import type { Container } from './model.ts'
import { isRunning } from './status.ts'

export type Condition = 'not-running' | 'next-exit' | 'removed'

export interface Outcome {
  readonly code: number
  readonly error?: string
}

interface Waiter {
  readonly condition: Condition
  readonly resolve: (outcome: Outcome) => void
}

/** Every container of the instance: in memory for reading, in the store for keeping. */
export class ContainerIndex {
  readonly drafts = new Drafts(() => this.list())
  readonly #store: Store
  readonly #byId = new Map<string, Container>()
  readonly #byName = new Map<string, string>()
  readonly #turns = new KeyedTurns()
  readonly #waiters = new Map<string, Set<Waiter>>()
  /** Those whose records go or are gone: what somebody still had to say of one must not bring it back. */
  readonly #gone = new WeakSet<Container>()

  constructor(store: Store) {
    this.#store = store
  }

  async load(): Promise<void> {
    const { entries } = await this.#store.list('/containers/')
    for (const entry of entries) this.#keep(JSON.parse(entry.value) as Container)
  }

  list(): Container[] {
    return [...this.#byId.values()]
  }

  find(id: string): Container | undefined {
    return this.#byId.get(id)
  }

  /** By id or name, also one that a link gives. */
  named(reference: string): Container | undefined {
    return this.#byId.get(reference) ?? this.#named(reference.replace(/^\//, ''))
  }

  /** By id, name (also one that a link gives), or unique prefix of an id, in this order. Throws `not found`, or `invalid` for an ambiguous prefix. */
  get(reference: string): Container {
    const exact = this.named(reference)
    if (exact !== undefined) return exact
    const matches = reference === '' ? [] : this.list().filter(({ id }) => id.startsWith(reference))
    if (matches.length > 1)
      throw new GalleyError('invalid', `multiple IDs found with provided prefix: ${reference}`, { subject: reference })
    if (matches[0] === undefined)
      throw new GalleyError('not found', `No such container: ${reference}`, { code: 'container.not-found', subject: reference })
    return matches[0]
  }

  /** `container/alias` is the one that `container` is linked to by that name. */
  #named(name: string): Container | undefined {
    const [, holder, alias] = /^([^/]+)\/([^/]+)$/.exec(name) ?? []
    const own =
      alias === undefined
        ? name
        : this.#named(holder ?? '')
            ?.hostConfig.Links.map(parseLink)
            .find((link) => link.alias === alias)?.name
    return this.#byId.get(this.#byName.get(own ?? '') ?? '')
  }

  /** Whether a container has the name, or one that is being made. */
  isTaken(name: string): boolean {
    return this.#byName.has(name)
  }

  /** Takes a name before anything else of the container exists. Throws `conflict` with the holder's id. */
  claim(name: string, id: string): void {
    const holder = this.#byName.get(name)
    if (holder !== undefined && holder !== id) {
      throw new GalleyError(
        'conflict',
        `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
        { code: 'container.name-taken', subject: name, ...this.#wayToFree(name, holder) },
      )
    }
    this.#byName.set(name, id)
  }

  /** A container of a Compose project goes with its project. */
  #wayToFree(name: string, holder: string): { advice?: string } {
    const labels = this.#byId.get(holder)?.config.Labels ?? {}
    const [project, directory] = [labels[label.project], labels[label.workingDirectory]]
    if (project === undefined) return {}
    return { advice: `${name} belongs to the project ${project}: galley down ${directory ?? `-p ${project}`}` }
  }

  /** Each gets the other's name; `save` makes it last. */
  exchangeNames(one: Container, other: Container): void {
    ;[one.name, other.name] = [other.name, one.name]
    this.#byName.set(one.name, one.id)
    this.#byName.set(other.name, other.id)
  }

  unclaim(name: string, id: string): void {
    if (this.#byName.get(name) === id) this.#byName.delete(name)
  }

  /** All of them at once, but for what is removed; durable when it resolves. */
  async save(...containers: readonly Container[]): Promise<void> {
    const kept = containers.filter((container) => !this.#gone.has(container))
    for (const container of kept) this.#keep(container)
    await this.#store.txn({ then: kept.map((container) => ({ put: key(container.id), value: JSON.stringify(container) })) })
  }

  /** As `save`; where nothing can be written, `undo` makes what is in memory again what is written. */
  async saveOr(undo: () => void | Promise<void>, ...containers: readonly Container[]): Promise<void> {
    try {
      await this.save(...containers)
    } catch (error) {
      await undo()
      throw error
    }
  }

  /** Takes one away that was being made, and that was never written. */
  drop(id: string): void {
    this.#byId.delete(id)
  }

  async delete(container: Container): Promise<void> {
    this.#gone.add(container)
    try {
      await this.#store.txn({ then: [{ delete: key(container.id) }] })
    } catch (error) {
      this.#gone.delete(container)
      throw error
    }
    this.#byId.delete(container.id)
    this.unclaim(container.name, container.id)
    this.#settle(container.id, ['removed', 'not-running', 'next-exit'], { code: container.state.exitCode })
  }

  /** Runs tasks about one container one after the other. */
  inTurn<T>(id: string, task: () => Promise<T>): Promise<T> {
    return this.#turns.run(id, task)
  }

  /** Resolves with the exit code when `condition` holds, and with an error for `removed` when a removal failed; never once `signal` is aborted. */
  wait(container: Container, condition: Condition, signal?: AbortSignal): Promise<Outcome> {
    if (condition === 'not-running' && !isRunning(container)) return Promise.resolve({ code: container.state.exitCode })
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(container.id) ?? new Set()
      this.#waiters.set(container.id, waiters)
      const waiter = { condition, resolve }
      waiters.add(waiter)
      signal?.addEventListener('abort', () => this.#drop(container.id, waiter), { once: true })
    })
  }

  /** Tells waiters that the container exited. */
  exited(container: Container): void {
    this.#settle(container.id, ['not-running', 'next-exit'], { code: container.state.exitCode })
  }

  /** Tells those who wait for its removal why it could not be removed: a client that waits knows no other end (moby: `SetRemovalError`). */
  notRemoved(container: Container, why: string): void {
    this.#settle(container.id, ['removed'], { code: container.state.exitCode, error: why })
  }

  #drop(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id)
    if (waiters?.delete(waiter) === true && waiters.size === 0) this.#waiters.delete(id)
  }

  #settle(id: string, conditions: readonly Condition[], outcome: Outcome): void {
    const waiters = this.#waiters.get(id)
    if (waiters === undefined) return
    for (const waiter of waiters) {
      if (!conditions.includes(waiter.condition)) continue
      waiters.delete(waiter)
      waiter.resolve(outcome)
    }
    if (waiters.size === 0) this.#waiters.delete(id)
  }

  #keep(container: Container): void {
    this.#byId.set(container.id, container)
    this.#byName.set(container.name, container.id)
  }
}

function key(id: string): string {
  return `/containers/${id}`
}
