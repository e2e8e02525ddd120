import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { GalleyError } from '#base/error.ts'

const pieceSize = 1 << 20
/** The fastest: what is packed here are headers, which shrink to a twentieth at any level. */
const params = { [constants.ZSTD_c_compressionLevel]: 1 }

/** Writes a file of zstd frames, each after its length: bytes come in any portions, and no more than a frame of them is held. */
export class PackedFileWriter implements Disposable {
  readonly #fd: number
  readonly #held = Buffer.allocUnsafe(pieceSize)
  #used = 0

  /** The file must not be there yet. */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600)
  }

  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#used === pieceSize) this.#flush()
      const copied = bytes.copy(this.#held, this.#used, at)
      this.#used += copied
      at += copied
    }
  }

  /** Call it after the last bytes. */
  finish(): void {
    if (this.#used > 0) this.#flush()
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  #flush(): void {
    const frame = zstdCompressSync(this.#held.subarray(0, this.#used), { params })
    const length = Buffer.alloc(4)
    length.writeUInt32LE(frame.length)
    const bytes = Buffer.concat([length, frame])
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at)
    this.#used = 0
  }
}

/** What `PackedFileWriter` wrote, in order. Throws `internal` for a damaged file. */
export function* readPackedFile(path: string): Generator<Buffer> {
  const fd = openSync(path, 'r')
  try {
    for (let length = read(fd, 4); length.length > 0; length = read(fd, 4)) {
      if (length.length < 4) throw cutShort(path)
      const size = length.readUInt32LE()
      // A frame of what doesn't shrink is a little longer than its content.
      const frame = size <= 2 * pieceSize ? read(fd, size) : undefined
      if (frame?.length !== size) throw cutShort(path)
      yield zstdDecompressSync(frame, { maxOutputLength: pieceSize })
    }
  } finally {
    closeSync(fd)
  }
}

function read(fd: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let got = 0
  for (let more = -1; got < size && more !== 0; got += more) more = readSync(fd, bytes, got, size - got, null)
  return bytes.subarray(0, got)
}

function cutShort(path: string): GalleyError {
  return new GalleyError('internal', `${path} is damaged`, { code: 'layer.damaged', subject: path })
}
