import { label } from '#base/compose-labels.ts'
import { GalleyError } from '#base/error.ts'
import { systemClock } from '#base/clock.ts'
import { ask, askJson } from '../connect.ts'
import { jsonLines } from '../lines.ts'
import { containersOf, serviceOf, type ContainerRow } from './containers.ts'
import type { LogPrinter } from './log-printer.ts'

interface Following {
  /** undefined where containers of any are shown. */
  readonly project: string | undefined
  readonly printer: Pick<LogPrinter, 'show' | 'tell'>
  /** Of containers that start later. */
  readonly isShown: (labels: Readonly<Record<string, string>>) => boolean
  /** Ends since then are told of, too: milliseconds since 1970. */
  readonly since?: number | undefined
  /** Nothing is shown that was written later: milliseconds since 1970. */
  readonly until?: number | undefined
  /** Those that go on as long as they run: all of them when absent. */
  readonly counts?: (row: ContainerRow) => boolean
  /** Told of a service of which a container has ended with an exit code above 0, and isn't started again. */
  readonly onFailure?: (service: string) => void
  /** Resolves when what changed files called for is done: what runs then is followed on. */
  readonly changed?: (() => Promise<unknown>) | undefined
}

interface LifeEvent {
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
  readonly timeNano: number
}

interface State {
  readonly Running: boolean
  readonly Restarting: boolean
  readonly ExitCode: number
}

/**
 * Shows what containers of a project write and which ends they come to, and that of those that start meanwhile, until none of them runs:
 * as docker compose does.
 */
export async function followLogs(rows: readonly ContainerRow[], following: Following): Promise<void> {
  if (rows.length === 0) return
  const { since, project } = following
  const whose = project === undefined ? {} : { label: [`${label.project}=${project}`] }
  const query = new URLSearchParams({ filters: JSON.stringify({ type: ['container'], event: ['start', 'die'], ...whose }) })
  if (since !== undefined) query.set('since', String(since / 1000))
  const listening = new AbortController()
  const events = await ask(`/events?${query}`, { signal: listening.signal })
  const followed = new Followed(following)
  followed.listen(events).catch(followed.fail)
  for (const row of rows) followed.add(row, row.State === 'running' || since !== undefined)
  await followed.over.finally(() => listening.abort())
}

/** The containers that are shown, each by one stream at a time. */
class Followed {
  readonly #following: Following
  readonly #open = new Map<string, ContainerRow>()
  /** Exit codes that were not told of yet. */
  readonly #codes = new Map<string, number>()
  /** Containers whose end was told of before its event came. */
  readonly #told = new Set<string>()
  /** Those that were started, and have not ended since. */
  readonly #started = new Set<string>()
  /** When each ended last, in seconds: not when that is heard of, as it may have written something anew by then. */
  readonly #ends = new Map<string, number>()
  readonly #over = Promise.withResolvers<undefined>()

  constructor(following: Following) {
    this.#following = following
  }

  get over(): Promise<undefined> {
    return this.#over.promise
  }

  get #goesOn(): boolean {
    const { counts = () => true } = this.#following
    return [...this.#open.values()].some(counts)
  }

  readonly fail = (error: unknown): void => this.#over.reject(error)

  async listen(events: Parameters<typeof jsonLines>[0]): Promise<void> {
    for await (const { Action, Actor, timeNano } of jsonLines<LifeEvent>(events)) {
      const { ID: id, Attributes: labels } = Actor
      if (Action === 'start') this.#start(id, labels)
      else {
        this.#started.delete(id)
        this.#ends.set(id, timeNano / 1e9)
        if (this.#open.has(id)) this.#died(id, Number(labels['exitCode'])).catch(this.fail)
      }
    }
  }

  add(row: ContainerRow, tellsEnd: boolean, since = ''): void {
    this.#open.set(row.Id, row)
    this.#told.delete(row.Id)
    // Of one that does not run now, no end is told.
    if (!this.#ends.has(row.Id)) this.#ends.set(row.Id, systemClock.now() / 1000)
    this.#follow(row, tellsEnd, since).catch(this.fail)
  }

  /** What leaves out, as a part of the query, what a container wrote before it ended last. */
  #sinceLast(id: string): string {
    const end = this.#ends.get(id)
    return end === undefined ? '' : `&since=${end}`
  }

  #start(id: string, labels: Readonly<Record<string, string>>): void {
    this.#started.add(id)
    if (this.#open.has(id) || labels[label.oneOff] === 'True' || !this.#following.isShown(labels)) return
    const row = { Id: id, Names: [`/${labels['name'] ?? ''}`], Labels: labels, State: 'running' }
    this.add(row as unknown as ContainerRow, true, this.#sinceLast(id))
  }

  async #follow(row: ContainerRow, tellsEnd: boolean, since: string): Promise<void> {
    const { printer, until = Infinity } = this.#following
    await printer.show(row, since)
    if (systemClock.now() >= until) return await this.#close(row.Id)
    const state = await stateOf(row.Id)
    if (state?.Running === true || this.#started.has(row.Id)) {
      this.#tellRestart(row.Id)
      return this.add(row, true, this.#sinceLast(row.Id))
    }
    const code = this.#codes.get(row.Id) ?? state?.ExitCode
    if (tellsEnd && code !== undefined) {
      printer.tell(row, `exited with code ${code}`)
      if (code > 0) this.#following.onFailure?.(serviceOf(row))
      if (!this.#codes.delete(row.Id)) this.#told.add(row.Id)
    }
    await this.#close(row.Id)
  }

  async #close(id: string): Promise<void> {
    this.#open.delete(id)
    if (!this.#goesOn) await this.#ended()
  }

  /** One that starts again by itself is one whose output goes on. */
  async #died(id: string, code: number): Promise<void> {
    if (this.#told.delete(id)) return
    // It has come to another end since.
    this.#tellRestart(id)
    this.#codes.set(id, code)
    const state = await stateOf(id)
    if (state?.Restarting === true || state?.Running === true) this.#tellRestart(id)
  }

  #tellRestart(id: string): void {
    const [row, code] = [this.#open.get(id), this.#codes.get(id)]
    if (row === undefined || code === undefined) return
    this.#codes.delete(id)
    this.#following.printer.tell(row, `exited with code ${code} (restarting)`)
  }

  async #ended(): Promise<void> {
    const { project, changed, isShown } = this.#following
    if (changed !== undefined) {
      await changed()
      const rows = (await containersOf(project, false)).filter(({ Id, Labels }) => !this.#open.has(Id) && isShown(Labels))
      for (const row of rows) this.add(row, true, this.#sinceLast(row.Id))
    }
    if (!this.#goesOn) this.#over.resolve(undefined)
  }
}

/** Undefined when the container is gone. */
async function stateOf(id: string): Promise<State | undefined> {
  try {
    return (await askJson<{ readonly State: State }>(`/containers/${id}/json`)).State
  } catch (error) {
    if (error instanceof GalleyError && error.kind === 'not found') return undefined
    throw error
  }
}
