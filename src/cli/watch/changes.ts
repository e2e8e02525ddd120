import { statSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { systemClock } from '#base/clock.ts'
import type { WatchRule } from '#compose/model/model.ts'
import type { Selects } from './selection.ts'

/** Milliseconds of quiet after which what has changed is taken for whole: editors write a file in several steps. */
const quiet = 200

/** Tells what changed of what a rule means, as paths relative to it; `''` is the path itself, when it is a file. */
export class Changes implements Disposable {
  readonly #watcher: FSWatcher
  readonly #selects: Selects
  readonly #tell: (paths: ReadonlySet<string>) => void
  #changed = new Set<string>()
  #timer: Disposable | undefined

  /** Throws when the path isn't there. */
  constructor(rule: WatchRule, selects: Selects, tell: (paths: ReadonlySet<string>) => void) {
    this.#selects = selects
    this.#tell = tell
    const isDirectory = statSync(rule.path).isDirectory()
    // A file that an editor replaces is another file afterwards: its directory is watched.
    const [place, only] = isDirectory ? [rule.path, undefined] : [dirname(rule.path), basename(rule.path)]
    this.#watcher = watch(place, { recursive: isDirectory }, (_event, name) => {
      if (name === null || (only !== undefined && name !== only)) return
      this.#add(only === undefined ? relative('', name) : '')
    })
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
