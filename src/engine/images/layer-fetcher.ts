import { Permits } from '#base/permits.ts'
import type { Clock } from '#base/clock.ts'
import type { Digest } from '#base/digest.ts'
import { GalleyError, isDiskFull } from '#base/error.ts'
import type { Arrival } from '#content/blobs/arrival.ts'
import type { Descriptor } from '#content/manifests/manifest.ts'
import { download } from '#content/remote/download.ts'
import type { Repository } from '#content/remote/repository.ts'
import type { ImageContent } from './content.ts'
import { SharedWork } from './shared-work.ts'
import type { LayerPhase, ReportTransfer } from './transfer.ts'

/** Connections for all downloads together, and layers that are unpacked at once. */
const connections = 6
const unpackers = 3
/** Milliseconds between two reports of one layer's progress. */
const reportPause = 100

export interface LayerFetcherOptions {
  readonly content: ImageContent
  /** Opens a blob that comes from elsewhere; what came before is still there. */
  readonly arrive: (digest: Digest, size: number) => Promise<Arrival>
  readonly clock: Clock
}

/** A layer that is wanted, as a manifest names it, and the digest of what it unpacks to, as the configuration does. */
export interface WantedLayer {
  readonly descriptor: Descriptor
  readonly diffId: Digest
}

export interface Fetching {
  readonly sources: readonly Repository[]
  readonly report: ReportTransfer
  readonly signal: AbortSignal
}

/** Brings layers here: several at once, each unpacked while it arrives; pulls that want the same layer share one download. */
export class LayerFetcher {
  readonly #options: LayerFetcherOptions
  readonly #connections = new Permits(connections)
  readonly #unpackers = new Permits(unpackers)
  readonly #shared = new SharedWork<Parameters<ReportTransfer>[0], void>()

  constructor(options: LayerFetcherOptions) {
    this.#options = options
  }

  /** Resolves when the layer is here, unpacked. Call within `whileAdding`. Throws `invalid` for wrong content, and what registries throw. */
  async fetch(wanted: WantedLayer, { sources, report, signal }: Fetching): Promise<void> {
    const { descriptor, diffId } = wanted
    const { content } = this.#options
    if (await content.hasLayer(diffId)) {
      report({ type: 'layer', layer: descriptor.digest, phase: 'here already' })
      return
    }
    report({ type: 'layer', layer: descriptor.digest, phase: 'fetching' })
    await this.#shared.join(`${descriptor.digest} ${diffId}`, { report, signal }, (tell, stop) =>
      content.whileAdding(() => this.#bring(wanted, { sources, report: tell, signal: stop })),
    )
  }

  async #bring(wanted: WantedLayer, fetching: Fetching): Promise<void> {
    const { descriptor, diffId } = wanted
    const { content } = this.#options
    const tell = (phase: LayerPhase): void => fetching.report({ type: 'layer', layer: descriptor.digest, phase })
    if (await content.blobs.has(descriptor.digest)) {
      tell('downloaded')
      using _permit = await this.#unpackers.acquire(fetching.signal)
      await content.addBlob(descriptor.digest, descriptor.size, diffId)
    } else if (!(await this.#attempt(wanted, fetching))) {
      // What was left of an earlier attempt was damaged, and is gone now.
      await this.#attempt(wanted, fetching)
    }
    tell('pulled')
  }

  /** False when what had arrived before was of no use. */
  async #attempt({ descriptor, diffId }: WantedLayer, fetching: Fetching): Promise<boolean> {
    await using arrival = await this.#options.arrive(descriptor.digest, descriptor.size)
    try {
      await this.#arriveAndUnpack(arrival, diffId, fetching)
      return true
    } catch (error) {
      const wrong = error instanceof GalleyError && error.kind === 'invalid'
      // On a full disk room is worth more than what has come, of this layer and of others that were cut off for it.
      const full = isDiskFull(error) || isDiskFull(fetching.signal.reason)
      if (wrong || full) await arrival.discard()
      if (!wrong || !arrival.resumed) throw error
      return false
    }
  }

  async #arriveAndUnpack(arrival: Arrival, diffId: Digest, { sources, report, signal }: Fetching): Promise<void> {
    const { clock } = this.#options
    const stop = new AbortController()
    const both = AbortSignal.any([signal, stop.signal])
    const progress = new LayerProgress(arrival, report, clock)
    const work = [
      download(arrival, {
        sources,
        clock,
        connections: this.#connections,
        signal: both,
        onBytes: () => progress.downloading(),
        onPause: (pause) => progress.retrying(pause),
      }).then(() => progress.downloaded()),
      this.#unpack(arrival, diffId, { progress, signal: both }),
    ]
    try {
      await Promise.all(work)
    } catch (error) {
      stop.abort(error)
      arrival.fail(error)
      await Promise.allSettled(work)
      throw error
    }
  }

  async #unpack(arrival: Arrival, diffId: Digest, { progress, signal }: { progress: LayerProgress; signal: AbortSignal }): Promise<void> {
    using _permit = await this.#unpackers.acquire(signal)
    const { digest, size } = arrival
    await this.#options.content.addArriving(
      {
        digest,
        size,
        bytes: () => progress.extracting(arrival.bytes()),
        head: () => arrival.head(),
        commit: () => arrival.commit(),
      },
      diffId,
    )
  }
}

/** Tells how far a layer is, not too often; extraction shows once the download is done. */
class LayerProgress {
  readonly #arrival: Arrival
  readonly #report: ReportTransfer
  readonly #clock: Clock
  #last = -Infinity
  #downloaded = false

  constructor(arrival: Arrival, report: ReportTransfer, clock: Clock) {
    this.#arrival = arrival
    this.#report = report
    this.#clock = clock
  }

  downloading(): void {
    if (this.#isDue()) this.#tell('downloading', this.#arrival.received, this.#arrival.size)
  }

  retrying(pause: number): void {
    this.#tell('retrying', Math.ceil(pause / 1000))
  }

  downloaded(): void {
    this.#downloaded = true
    this.#tell('verifying')
    this.#tell('downloaded')
  }

  async *extracting(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let at = 0
    for await (const chunk of bytes) {
      at += chunk.length
      if (this.#downloaded && this.#isDue()) this.#tell('extracting', at, this.#arrival.size)
      yield chunk
    }
  }

  #isDue(): boolean {
    const now = this.#clock.now()
    if (now - this.#last < reportPause) return false
    this.#last = now
    return true
  }

  #tell(phase: LayerPhase, current?: number, total?: number): void {
    const amounts = { ...(current !== undefined && { current }), ...(total !== undefined && { total }) }
    this.#report({ type: 'layer', layer: this.#arrival.digest, phase, ...amounts })
  }
}
