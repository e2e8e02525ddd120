/** A piece of one of several streams in one: of a container's output, stream 1 is its standard output, 2 its standard error. */
export interface Frame {
  readonly stream: number
  readonly data: Buffer
}

const headerLength = 8

/** Takes the attach framing apart: stream, three zero bytes, length, data (Engine API, ContainerAttach). */
export class FrameBuffer {
  #held: Buffer = Buffer.alloc(0)

  /** The frames that `chunk` completes. */
  push(chunk: Buffer): Frame[] {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const frames: Frame[] = []
    for (;;) {
      const end = this.#held.length < headerLength ? Infinity : headerLength + this.#held.readUInt32BE(4)
      if (this.#held.length < end) return frames
      frames.push({ stream: this.#held[0] ?? 0, data: this.#held.subarray(headerLength, end) })
      this.#held = this.#held.subarray(end)
    }
  }
}

/** A chunk of output in the same framing (Engine API, ContainerAttach: stream format). `stream` is below 256. */
export function frame(stream: number, chunk: Buffer): Buffer {
  const header = Buffer.alloc(headerLength)
  header[0] = stream
  header.writeUInt32BE(chunk.length, 4)
  return Buffer.concat([header, chunk])
}
