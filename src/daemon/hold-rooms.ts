import { closeSync, openSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

/**
 * Keeps the files of rooms that nobody has used yet open, so that this daemon loads its own ones even when a newer version has taken
 * their place, or nothing has. `names` are files beside this program's (packaging/bundle.ts). Call once. Throws when one is not there.
 */
export function holdRooms(names: readonly string[]): void {
  const held = new Map(names.map((name) => [new URL(name, import.meta.url).href, openSync(new URL(name, import.meta.url), 'r')]))
  if (held.size === 0) return
  const here = new URL('.', import.meta.url).href
  registerHooks({
    resolve(specifier, context, next) {
      // Rooms name each other. Node itself would look whether the file is there.
      const isRoom = specifier.startsWith('./') && context.parentURL?.startsWith(here) === true
      return isRoom ? { url: new URL(specifier, here).href, format: 'module', shortCircuit: true } : next(specifier, context)
    },
    load(url, context, next) {
      const file = held.get(url)
      if (file === undefined) return next(url, context)
      const source = readFileSync(file, 'utf8')
      closeSync(file)
      held.delete(url)
      return { format: 'module', source, shortCircuit: true }
    },
  })
}
