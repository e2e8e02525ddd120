import type { FileSelection, FileSink, FileSource, Stat } from '#faces/buildkit/client.ts'

/** Files that are on no disk: a Dockerfile that came over standard input. */
export class TextFiles implements FileSource {
  received = 0
  readonly #texts: readonly (readonly [path: string, content: Buffer])[]

  constructor(texts: Readonly<Record<string, string>>, { follow }: FileSelection) {
    this.#texts = Object.entries(texts)
      .filter(([path]) => follow === undefined || follow.includes(path))
      .map(([path, text]) => [path, Buffer.from(text)])
  }

  stats(): Promise<Stat[]> {
    const plain = { mode: 0o644, uid: 0, gid: 0, modified: 0n, link: '', deviceMajor: 0, deviceMinor: 0 }
    return Promise.resolve(this.#texts.map(([path, { length: size }]) => ({ ...plain, path, size, attributes: new Map() })))
  }

  receive(wanted: Iterable<readonly [number, () => FileSink]>): Promise<void> {
    for (const [index, open] of wanted) {
      const [, content] = this.#texts[index] ?? []
      const sink = open()
      if (content !== undefined) sink.write(content)
      this.received += content?.length ?? 0
      sink.end()
    }
    return Promise.resolve()
  }

  finish(): void {}

  cancel(): void {}
}
