import { GalleyError } from '#base/error.ts'
import { block, entryOf, isEnd, kindOfHeader, longestExtension, records, sizeOf, truncated, untilNul, type TarEntry } from './tar-fields.ts'

/**
 * Reads an archive member by member, at the reader's pace, names as text. Each member's body must be read with `body` before the next
 * `next`. For trees that are unpacked `decode.ts` is faster, and knows sparse members.
 */
export class TarReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #global = new Map<string, Buffer>()
  #held: Buffer = Buffer.alloc(0)
  #left = 0
  #padding = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next member; undefined at the end of the archive. Throws `invalid` for a damaged one. */
  async next(): Promise<TarEntry | undefined> {
    await this.#skipBody()
    const extra = new Map(this.#global)
    for (;;) {
      const header = await this.#block()
      if (header === undefined) return undefined
      const kind = kindOfHeader(header)
      this.#expect(sizeOf(header, new Map()))
      if (kind === 'x' || kind === 'g')
        for (const [key, value] of records(await this.#extension())) (kind === 'g' ? this.#global : extra).set(key, value)
      else if (kind === 'L') extra.set('path', untilNul(await this.#extension()))
      else if (kind === 'K') extra.set('linkpath', untilNul(await this.#extension()))
      else return this.#entry(header, extra)
      if (kind === 'g') for (const [key, value] of this.#global) extra.set(key, value)
    }
  }

  /** The current member's bytes, chunk by chunk. */
  async *body(): AsyncGenerator<Buffer> {
    while (this.#left > 0) yield await this.#take(this.#left)
  }

  /** Reads what follows the archive's end, so that a digest of the whole stream can be made. */
  async drain(): Promise<void> {
    while (!(await this.#source.next()).done);
  }

  #entry(header: Buffer, extra: ReadonlyMap<string, Buffer>): TarEntry {
    if (kindOfHeader(header) === 'S' || [...extra.keys()].some((key) => key.startsWith('GNU.sparse.')))
      throw new GalleyError('not implemented', 'sparse members of an image archive are not implemented by Galley')
    const entry = entryOf(header, extra, 'utf8')
    // What has no content has no body either, whatever size its header gives.
    this.#expect(entry.size)
    return entry
  }

  #expect(size: number): void {
    this.#left = size
    this.#padding = (block - (size % block)) % block
  }

  async #skipBody(): Promise<void> {
    this.#left += this.#padding
    this.#padding = 0
    while (this.#left > 0) await this.#take(this.#left)
  }

  async #extension(): Promise<Buffer> {
    if (this.#left > longestExtension) throw new GalleyError('too large', 'a tar extension header is longer than 1 MiB')
    const parts: Buffer[] = []
    for await (const chunk of this.body()) parts.push(chunk)
    await this.#skipBody()
    return Buffer.concat(parts)
  }

  async #block(): Promise<Buffer | undefined> {
    let header: Buffer = Buffer.alloc(0)
    while (header.length < block) {
      if (this.#held.length === 0 && !(await this.#fill())) {
        if (header.length === 0) return undefined
        throw truncated()
      }
      const part = this.#held.subarray(0, block - header.length)
      this.#held = this.#held.subarray(part.length)
      header = header.length === 0 && part.length === block ? part : Buffer.concat([header, part])
    }
    return isEnd(header) ? undefined : header
  }

  async #take(most: number): Promise<Buffer> {
    if (this.#held.length === 0 && !(await this.#fill())) throw truncated()
    const part = this.#held.subarray(0, most)
    this.#held = this.#held.subarray(part.length)
    this.#left -= part.length
    return part
  }

  async #fill(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#source.next()
      if (done === true) return false
      if (value.length === 0) continue
      this.#held = Buffer.from(value.buffer, value.byteOffset, value.length)
      return true
    }
  }
}
