import { statSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { systemClock } from '#base/clock.ts'
import { ignoring, type Ignores } from '#build/context/ignore.ts'
import type { WatchRule } from '#compose/model/model.ts'

/** Milliseconds of quiet after which what has changed is taken for whole: editors write a file in several steps. */
const quiet = 200

/** What is below a rule's path and never meant: what version control and editors write for themselves. */
const always = ['.git', '**/.git', '**/*.swp', '**/*~', '**/4913']

/** Tells what changed below a rule's path, as paths relative to it; `''` is the path itself, when it is a file. */
export class Changes implements Disposable {
  readonly #watcher: FSWatcher
  readonly #rule: WatchRule
  readonly #ignores: Ignores
  readonly #includes: Ignores | undefined
  readonly #tell: (paths: ReadonlySet<string>) => void
  #changed = new Set<string>()
  #timer: Disposable | undefined

  /** Throws when the path isn't there. */
  constructor(rule: WatchRule, tell: (paths: ReadonlySet<string>) => void) {
    this.#rule = rule
    this.#tell = tell
    this.#ignores = ignoring([...always, ...rule.ignore])
    this.#includes = rule.include.length === 0 ? undefined : ignoring(rule.include)
    const isDirectory = statSync(rule.path).isDirectory()
    // A file that an editor replaces is another file afterwards: its directory is watched.
    const [place, only] = isDirectory ? [rule.path, undefined] : [dirname(rule.path), basename(rule.path)]
    this.#watcher = watch(place, { recursive: isDirectory }, (_event, name) => {
      if (name === null || (only !== undefined && name !== only)) return
      this.#add(only === undefined ? relative('', name) : '')
    })
  }

  #add(path: string): void {
    if (path !== '' && (this.#ignores(path) || this.#includes?.(path) === false)) return
    this.#changed.add(path)
    this.#timer?.[Symbol.dispose]()
    this.#timer = systemClock.after(quiet, () => {
      const changed = this.#changed
      this.#changed = new Set()
      this.#tell(changed)
    })
  }

  get rule(): WatchRule {
    return this.#rule
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#watcher.close()
  }
}
