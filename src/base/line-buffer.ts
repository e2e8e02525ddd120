/** Puts lines together from text that arrives in pieces. */
export class LineBuffer {
  #rest = ''

  /** The lines that `text` completes, without their ends. */
  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines
  }

  /** What came behind the last line's end. */
  get rest(): string {
    return this.#rest
  }
}
