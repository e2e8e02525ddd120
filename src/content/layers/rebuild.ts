import { constants } from 'node:fs'
import { OpenDirectory } from '#host/files/directory.ts'
import { openInRoot } from '#host/files/open-in-root.ts'
import { Chunks } from './chunks.ts'
import { readPackedFile } from './packed-file.ts'

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/** Gives a layer's archive again by its recipe (`recipe.ts`); whether it is the same, the digest tells. Throws the file system's errors. */
export function* rebuildArchive(home: string): Generator<Buffer> {
  using root = OpenDirectory.at(home)
  using frames = new Frames(`${home}/recipe/frames`)
  const chunks = new Chunks()
  for (const body of bodies(`${home}/recipe/bodies`)) {
    for (const frame of frames.take(body.frames)) yield* chunks.put(frame)
    using file = openInRoot(root, body.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    yield* chunks.file(file.fd, body.size)
  }
  for (const frame of frames.take(Infinity)) yield* chunks.put(frame)
  yield* chunks.flush()
}

class Frames implements Disposable {
  readonly #source: Generator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(path: string) {
    this.#source = readPackedFile(path)
  }

  /** The next bytes; fewer at the end. */
  *take(count: number): Generator<Buffer> {
    for (let left = count; left > 0;) {
      if (this.#held.length === 0) {
        const { value, done } = this.#source.next()
        if (done === true) return
        this.#held = value
      }
      const part = this.#held.subarray(0, left)
      this.#held = this.#held.subarray(part.length)
      left -= part.length
      yield part
    }
  }

  [Symbol.dispose](): void {
    this.#source.return(undefined)
  }
}

function* bodies(path: string): Generator<{ readonly frames: number; readonly size: number; readonly path: string }> {
  let rest = ''
  for (const piece of readPackedFile(path)) {
    const lines = (rest + piece.toString('latin1')).split('\0')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [frames = '', size = ''] = line.split(' ', 2)
      yield { frames: Number(frames), size: Number(size), path: line.slice(frames.length + size.length + 2) }
    }
  }
}
