import type { Clock } from '#base/clock.ts'
import type { Token } from './tokens.ts'

/** The tokens that a registry's token server gave, each for its scopes and for as long as it is of use. */
export class KnownTokens {
  readonly #clock: Clock
  readonly #byScopes = new Map<string, Token>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many are kept. */
  get size(): number {
    return this.#byScopes.size
  }

  /** One that may still be used for exactly these scopes. */
  find(scopes: readonly string[]): Token | undefined {
    const token = this.#byScopes.get(keyOf(scopes))
    return token !== undefined && token.until > this.#clock.now() ? token : undefined
  }

  /** Keeps one, and none of those whose time is over: each repository has its own, and a daemon pulls for months. */
  keep(scopes: readonly string[], token: Token): void {
    const now = this.#clock.now()
    for (const [key, { until }] of this.#byScopes) if (until <= now) this.#byScopes.delete(key)
    this.#byScopes.set(keyOf(scopes), token)
  }

  /** The registry did not take it. */
  forget(scopes: readonly string[]): void {
    this.#byScopes.delete(keyOf(scopes))
  }
}

function keyOf(scopes: readonly string[]): string {
  return scopes.toSorted().join(' ')
}
