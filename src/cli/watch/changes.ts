import { existsSync, statSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { systemClock } from '#base/clock.ts'
import type { WatchRule } from '#compose/model/model.ts'
import { entriesBelow } from './entries-below.ts'
import type { Selects } from './selection.ts'

/** Milliseconds of quiet after which what has changed is taken for whole: editors write a file in several steps. */
const quiet = 200

/** Tells what changed of what a rule means, as paths relative to it; `''` is the path itself, when it is a file. */
export class Changes implements Disposable {
  #watcher: FSWatcher
  readonly #selects: Selects
  readonly #tell: (paths: ReadonlySet<string>) => void
  #changed = new Set<string>()
  #timer: Disposable | undefined

  constructor({ path }: Pick<WatchRule, 'path'>, selects: Selects, tell: (paths: ReadonlySet<string>) => void) {
    this.#selects = selects
    this.#tell = tell
    this.#watcher = existsSync(path) ? this.#watch(path) : this.#await(path)
  }

  #watch(path: string): FSWatcher {
    const isDirectory = statSync(path).isDirectory()
    // A file that an editor replaces is another file afterwards: its directory is watched.
    const [place, only] = isDirectory ? [path, undefined] : [dirname(path), basename(path)]
    return watch(place, { recursive: isDirectory }, (_event, name) => {
      if (name === null || (only !== undefined && name !== only)) return
      this.#add(only === undefined ? relative('', name) : '')
    })
  }

  /** What is not there yet is watched from when it is; all that it has then is new. */
  #await(path: string): FSWatcher {
    const place = nearestThere(path)
    if (place === path) return this.#watchNew(path)
    const goOn = (): FSWatcher => {
      waiting.close()
      return this.#await(path)
    }
    const waiting = watch(place, () => {
      if (nearestThere(path) !== place) this.#watcher = goOn()
    })
    // Of what came before it was watched nobody tells.
    return nearestThere(path) === place ? waiting : goOn()
  }

  #watchNew(path: string): FSWatcher {
    const watcher = this.#watch(path)
    for (const one of filesIn(path)) this.#add(one)
    return watcher
  }

  #add(path: string): void {
    if (!this.#selects(path)) return
    this.#changed.add(path)
    this.#timer?.[Symbol.dispose]()
    this.#timer = systemClock.after(quiet, () => {
      const changed = this.#changed
      this.#changed = new Set()
      this.#tell(changed)
    })
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#watcher.close()
  }
}

function nearestThere(path: string): string {
  return existsSync(path) ? path : nearestThere(dirname(path))
}

/** Relative to a directory; of a file, the file itself. */
function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return ['']
  return [...entriesBelow(path)].flatMap((entry) => (entry.isDirectory ? [] : [entry.path]))
}
