import { GalleyError } from '#base/error.ts'
import type { Handler, Routes } from './route.ts'

interface Compiled {
  readonly method: string
  readonly pattern: RegExp
  readonly names: readonly string[]
  readonly literals: number
  readonly handler: Handler
}

/** Finds the handler of a request among `Routes`; of several that fit, the one with the most literal text wins. */
export class Router {
  readonly #fixed = new Map<string, Handler>()
  readonly #compiled: Compiled[] = []

  constructor(routes: Routes) {
    for (const [route, handler] of Object.entries(routes)) {
      const [method = '', path = ''] = route.split(' ')
      if (!path.includes('{')) this.#fixed.set(route, handler)
      else this.#compiled.push(compile(method, path, handler))
    }
    this.#compiled.sort((a, b) => b.literals - a.literals)
  }

  /** Throws `invalid` for a part of the path that is no percent-encoded UTF-8. */
  find(method: string, path: string): { handler: Handler; params: Record<string, string> } | undefined {
    const fixed = this.#fixed.get(`${method} ${path}`)
    if (fixed !== undefined) return { handler: fixed, params: {} }
    for (const { method: own, pattern, names, handler } of this.#compiled) {
      const match = own === method ? pattern.exec(path) : null
      if (match !== null)
        return { handler, params: Object.fromEntries(names.map((name, index) => [name, decoded(match[index + 1] ?? '')])) }
    }
    return undefined
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new GalleyError('invalid', `invalid URL escape in ${JSON.stringify(part)}`, { cause })
  }
}

function compile(method: string, path: string, handler: Handler): Compiled {
  const names: string[] = []
  const source = path.replaceAll(/\{(\w+)(…?)\}/g, (_, name: string, wide: string) => {
    names.push(name)
    // Containers' names come with the slash that lists put before them, too.
    return wide === '' ? '/?([^/]+)' : '(.+)'
  })
  return { method, pattern: new RegExp(`^${source}$`), names, literals: path.replaceAll(/\{[^}]*\}/g, '').length, handler }
}
