import { GalleyError } from '#base/error.ts'

const standard = 'ctrl-p,ctrl-q'

/**
 * A client's `detachKeys`, such as `ctrl-p,ctrl-q` or `a,b`, as bytes (Engine API, ContainerAttach); empty means the standard
 * ones. Throws `invalid`.
 */
export function parseDetachKeys(text: string): Buffer {
  return Buffer.from((text || standard).split(',').map(parseKey))
}

function parseKey(key: string): number {
  const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1]
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f
  const code = key.charCodeAt(0)
  if (key.length !== 1 || code > 127)
    throw new GalleyError('invalid', `Invalid detach keys provided: Unknown character: '${key}'`, { subject: key })
  return code
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
