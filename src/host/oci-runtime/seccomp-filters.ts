import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { digestOf, hexOf } from '#base/digest.ts'
import { shortenFilter } from './shorten-filter.ts'

/** What crun reads instead of compiling the profile: the filter's instructions in base64 (crun(1), run.oci.seccomp_bpf_data). */
const annotation = 'run.oci.seccomp_bpf_data'

/** Milliseconds after which a new filter is shortened, which takes up to 40: whoever waits for the container need not wait for that. */
const soon = 1000

/** Takes a compiled filter from a container's state. */
const copyScript = 'cp "$0" "$2" && mv "$2" "$1" 2>/dev/null'

/** Parts of an OCI configuration (runtime-spec, config.md). */
interface Filtered {
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly hooks?: { readonly poststart?: readonly object[] } | undefined
  readonly linux: { readonly seccomp?: object | undefined }
}

/**
 * Compiled seccomp filters by what they were compiled from. Compiling costs crun 15 ms, half of a whole start, and crun leaves what it
 * compiled beside a container's state. They live in a volatile directory, as another kernel may want others.
 */
export class SeccompFilters {
  readonly #directory: string
  readonly #clock: Clock
  readonly #known = new Map<string, string>()

  constructor(directory: string, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /**
   * The configuration with its filter compiled, if that is known. Its rules are left out, so that a runtime that knew no such
   * annotation would refuse every system call rather than allow them all. Else the runtime is asked to run a hook that keeps what it
   * compiles, from the container's `state` directory: when the daemon hears of the container, that may have ended, and leaves nothing.
   */
  apply<T extends Filtered>(configuration: T, state: string): T {
    const { annotations, hooks, linux } = configuration
    if (linux.seccomp === undefined) return configuration
    const key = keyOf(linux.seccomp)
    const filter = this.#find(key)
    if (filter === undefined)
      return { ...configuration, hooks: { ...hooks, poststart: [...(hooks?.poststart ?? []), this.#keep(key, state)] } }
    const seccomp = { ...linux.seccomp, syscalls: [] }
    return { ...configuration, annotations: { ...annotations, [annotation]: filter }, linux: { ...linux, seccomp } }
  }

  #keep(key: string, state: string) {
    const arriving = `${this.#directory}/${key}.${basename(state)}`
    const args = ['sh', '-c', copyScript, `${state}/seccomp.bpf`, this.#long(key), arriving]
    return { path: '/bin/sh', args, env: ['PATH=/usr/bin:/bin'] }
  }

  #find(key: string): string | undefined {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const short = readFilter(this.#short(key))
    const filter = short ?? readFilter(this.#long(key))
    if (filter === undefined) return undefined
    if (short === undefined) this.#clock.after(soon, () => this.#shorten(key, filter))
    this.#known.set(key, filter.toString('base64'))
    return this.#known.get(key)
  }

  #shorten(key: string, filter: Buffer): void {
    // Whoever uninstalls the instance takes the directory away meanwhile.
    if (!existsSync(this.#long(key))) return
    const path = this.#short(key)
    try {
      writeFileSync(`${path}.arriving`, shortenFilter(filter), { mode: 0o600 })
      renameSync(`${path}.arriving`, path)
    } catch {
      // No room for it: the long one does the same.
      return
    }
    this.#known.delete(key)
  }

  #short(key: string): string {
    return `${this.#directory}/${key}.bpf`
  }

  #long(key: string): string {
    return `${this.#directory}/${key}.compiled`
  }
}

/** Undefined when there is none, or something else: eight bytes an instruction (linux/filter.h). */
function readFilter(path: string): Buffer | undefined {
  if (!existsSync(path)) return undefined
  const filter = readFileSync(path)
  return filter.length > 0 && filter.length % 8 === 0 ? filter : undefined
}

/** Profiles are few, and the same objects for most containers. */
const keys = new WeakMap<object, string>()

function keyOf(seccomp: object): string {
  const key = keys.get(seccomp) ?? hexOf(digestOf(JSON.stringify(seccomp)))
  keys.set(seccomp, key)
  return key
}
