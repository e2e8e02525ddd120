import { GalleyError } from '#base/error.ts'
import { once } from '#base/once.ts'
import type { Handler, Routes } from './route.ts'

/** Routes whose handlers come with the first request for one of them: `load` brings exactly those that `paths` has. */
export function later<T extends Routes>(paths: Readonly<Record<keyof T, true>>, load: () => Promise<T>): Routes {
  // One that can't be loaded, such as for too many open files, is tried again with the next request.
  const handlers = once(load)
  const handlerOf = async (path: string): Promise<Handler> => {
    const handler = (await handlers())[path]
    if (handler === undefined) throw new GalleyError('internal', `no handler of ${path} was loaded`)
    return handler
  }
  return Object.fromEntries(
    Object.keys(paths).map((path): [string, Handler] => [path, async (call) => await (await handlerOf(path))(call)]),
  )
}
