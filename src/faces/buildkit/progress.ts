import { setImmediate } from 'node:timers/promises'
import { untilAborted } from '#base/abort.ts'
import type { Clock } from '#base/clock.ts'
import type { Digest } from '#base/digest.ts'
import { canonicalReference, parseImageReference } from '#base/image-reference.ts'
import { pageOf, rules } from '#build/checks/rules.ts'
import type { BuildEvent, Vertex } from '#build/progress.ts'
import type { LayerPhase } from '#engine/images/transfer.ts'
import { statusResponse, timestampOf, type timestamp } from './messages/control.ts'
import { worded } from './wording.ts'
import type { Given } from './wire/message.ts'

/** What a layer goes through as BuildKit's users read it, and whether that is the end of it. */
const phases: Readonly<Partial<Record<LayerPhase, readonly [prefix: string, done: boolean]>>> = {
  downloading: ['', false],
  downloaded: ['', true],
  extracting: ['extracting ', false],
  pulled: ['extracting ', true],
  pushing: ['pushing layer ', false],
  pushed: ['pushing layer ', true],
}

const exporting = 'exporting to image'

/** Milliseconds between two words on how far something is. */
const often = 100

/** As many go into one message: clients take none of more than 16 MB, and a step's output comes in pieces of up to 64 KB. */
const mostAtOnce = 64

/** Characters of a step's output. */
const mostLog = 2 << 20

const canonical = (reference: string): string => canonicalReference(parseImageReference(reference))

export type Status = Given<typeof statusResponse>
type Timestamp = Given<typeof timestamp>
type Warning = NonNullable<Status['warnings']>[number]

/** How far something within a vertex is; bytes. */
export interface Amount {
  readonly name: string
  readonly current: number
  readonly total?: number
  readonly done: boolean
}

/** A build's progress as BuildKit tells it: kept from the beginning, for whoever follows later. */
export class Progress {
  /** What a registry knows the result by, once it was pushed. */
  pushed: Digest | undefined
  readonly #clock: Clock
  readonly #told: Status[] = []
  readonly #started = new Map<string, { readonly vertex: Vertex; readonly started: Timestamp }>()
  readonly #amounts = new Map<string, { readonly started: Timestamp; readonly told: number }>()
  readonly #logged = new Map<string, number>()
  #over = false
  #more = Promise.withResolvers<void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes down what a build tells. */
  readonly onEvent = (event: BuildEvent): void => {
    if (event.type === 'vertex') this.#begin(event.vertex)
    else if (event.type === 'vertex end') this.#end(event)
    else if (event.type === 'output') this.#log(event.vertex, event.text, event.stream === 'stdout' ? 1 : 2)
    else if (event.type === 'warning') this.#warn({ short: Buffer.from(event.text) })
    else if (event.type === 'check') this.#warn(warningOf(event))
    else if (event.type === 'built') this.amount(exporting, { name: `writing image ${event.id}`, current: 0, done: true })
    else if (event.type === 'tagged') this.amount(exporting, { name: `naming to ${canonical(event.reference)}`, current: 0, done: true })
    else if (event.type === 'transfer') this.#transfer(event)
  }

  /** Tells how far something is that belongs to the vertex of this name, which is under way. */
  amount(vertexName: string, amount: Amount): void {
    const found = [...this.#started.values()].find(({ vertex }) => vertex.name === vertexName)
    if (found !== undefined) this.#tellAmount(found.vertex.id, amount)
  }

  /** Everything told so far. */
  get told(): readonly Status[] {
    return this.#told
  }

  /** How many pieces of work there are, and how they ended. */
  get counts(): { readonly total: number; readonly completed: number; readonly cached: number; readonly warnings: number } {
    const ended = this.#told.flatMap(({ vertexes = [] }) => vertexes).filter(({ completed }) => completed !== undefined)
    return {
      total: this.#started.size,
      completed: new Set(ended.map(({ digest }) => digest)).size,
      cached: new Set(ended.filter(({ cached }) => cached).map(({ digest }) => digest)).size,
      warnings: this.#told.reduce((sum, { warnings = [] }) => sum + warnings.length, 0),
    }
  }

  /** Everything told so far, then what comes, until the build is over. */
  async *follow(signal: AbortSignal): AsyncGenerator<Status, void> {
    const aborted = untilAborted(signal)
    for (let at = 0; !signal.aborted;) {
      const told = this.#told.slice(at, at + mostAtOnce)
      at += told.length
      if (told.length > 0) yield inOne(told)
      else if (this.#over) return
      else {
        await Promise.race([this.#more.promise, aborted])
        // What a build tells in one go comes in one message, which is less work for both sides.
        await setImmediate()
      }
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#over = true
    this.#more.resolve()
  }

  #begin(vertex: Vertex): void {
    const started = this.#now()
    this.#started.set(vertex.id, { vertex, started })
    this.#tell({ vertexes: [{ digest: vertex.id, inputs: vertex.parents, name: vertex.name, started }] })
  }

  #end({ vertex: id, cached, error }: BuildEvent & { type: 'vertex end' }): void {
    const known = this.#started.get(id)
    if (known === undefined) return
    const { vertex, started } = known
    const ended = { digest: id, inputs: vertex.parents, name: vertex.name, cached, started, completed: this.#now() }
    this.#tell({ vertexes: [{ ...ended, ...(error !== undefined && { error: worded(error) }) }] })
  }

  #transfer({ vertex, transfer }: BuildEvent & { type: 'transfer' }): void {
    if (transfer.type === 'note') this.#log(vertex, `${transfer.text}\n`, 1)
    if (transfer.type === 'pushed') this.pushed ??= transfer.digest
    if (transfer.type !== 'layer') return
    const { layer, phase, current = 0, total } = transfer
    const shown = phases[phase]
    if (shown === undefined) return
    const [prefix, done] = shown
    this.#tellAmount(vertex, { name: `${prefix}${layer}`, current, ...(total !== undefined && { total }), done })
  }

  /** All is kept while the build goes on, for whoever follows late: so there is an end to it, where BuildKit's own is. */
  #log(vertex: Digest, text: string, stream: number): void {
    const before = this.#logged.get(vertex) ?? 0
    if (before > mostLog) return
    this.#logged.set(vertex, before + text.length)
    const kept = before + text.length > mostLog ? `${text.slice(0, mostLog - before)}\n[output clipped, log limit 2MiB reached]\n` : text
    this.#tell({ logs: [{ vertex, timestamp: this.#now(), stream, message: Buffer.from(kept) }] })
  }

  #tellAmount(vertex: Digest, { name, current, total, done }: Amount): void {
    const key = `${vertex} ${name}`
    const time = this.#clock.now()
    const before = this.#amounts.get(key)
    if (before !== undefined && !done && time - before.told < often) return
    const now = timestampOf(time)
    const started = before?.started ?? now
    this.#amounts.set(key, { started, told: time })
    const told = { id: name, vertex, name, current, timestamp: now, started }
    this.#tell({ statuses: [{ ...told, ...(total !== undefined && { total }), ...(done && { completed: now }) }] })
  }

  #warn(warning: Warning): void {
    const first = this.#started.values().next().value
    if (first !== undefined) this.#tell({ warnings: [{ vertex: first.vertex.id, level: 1, ...warning }] })
  }

  #tell(status: Status): void {
    this.#told.push(status)
    this.#more.resolve()
    this.#more = Promise.withResolvers()
  }

  #now(): Timestamp {
    return timestampOf(this.#clock.now())
  }
}

/** As clients take them: in each message, pieces of work come before what is said of them. */
function inOne(statuses: readonly Status[]): Status {
  return {
    vertexes: statuses.flatMap(({ vertexes = [] }) => vertexes),
    statuses: statuses.flatMap(({ statuses: amounts = [] }) => amounts),
    logs: statuses.flatMap(({ logs = [] }) => logs),
    warnings: statuses.flatMap(({ warnings = [] }) => warnings),
  }
}

/** As buildx shows it: the rule and the line in short, and with them the lines themselves. */
function warningOf({ finding, source }: BuildEvent & { type: 'check' }): Warning {
  const { rule, message, place } = finding
  return {
    short: Buffer.from(`${rule}: ${message} (line ${place.line})`),
    detail: [Buffer.from(rules[rule])],
    url: pageOf(rule),
    info: { filename: source.name, data: Buffer.from(source.text), language: 'Dockerfile' },
    ranges: [{ start: { line: place.line }, end: { line: place.lastLine ?? place.line } }],
  }
}
