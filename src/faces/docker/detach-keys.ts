import { GalleyError } from '#base/error.ts'

const standard = 'ctrl-p,ctrl-q'

/**
 * A client's `detachKeys`, such as `ctrl-p,ctrl-q` or `a,b`, as bytes (Engine API, ContainerAttach); empty means the standard
 * ones. Throws `invalid`, worded as Docker words it of attaching (`detach`) and of exec sessions (`escape`).
 */
export function parseDetachKeys(text: string, what: 'detach' | 'escape' = 'detach'): Buffer {
  const keys = (text || standard).split(',').map(parseKey)
  if (keys.includes(undefined)) throw new GalleyError('invalid', `Invalid ${what} keys (${text}) provided`, { subject: text })
  return Buffer.from(keys.filter((key) => key !== undefined))
}

/** Control sequences are written with small letters (moby/term, ascii.go). */
function parseKey(key: string): number | undefined {
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1]
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f
  const code = key.charCodeAt(0)
  return key.length === 1 && code <= 127 ? code : undefined
}

/** Looks for the detach keys in what a client types. A beginning of them is kept back until it is clear that it is none. */
export class DetachKeys {
  readonly #keys: Buffer
  #matched = 0

  constructor(keys: Buffer) {
    this.#keys = keys
  }

  /** What of `chunk` is for the process, and whether the client has detached after it. */
  take(chunk: Buffer): { readonly input: Buffer; readonly detached: boolean } {
    const input: number[] = []
    for (const byte of chunk) {
      if (byte !== this.#keys[this.#matched]) {
        input.push(...this.#keys.subarray(0, this.#matched))
        this.#matched = byte === this.#keys[0] ? 1 : 0
        if (this.#matched === 0) input.push(byte)
      } else this.#matched++
      if (this.#matched === this.#keys.length) return { input: Buffer.from(input), detached: true }
    }
    return { input: Buffer.from(input), detached: false }
  }
}
