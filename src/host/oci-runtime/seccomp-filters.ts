import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { digestOf, hexOf } from '#base/digest.ts'
import { shortenFilter } from './shorten-filter.ts'

/** What crun reads instead of compiling the profile: the filter's instructions in base64 (crun(1), run.oci.seccomp_bpf_data). */
const annotation = 'run.oci.seccomp_bpf_data'

/** Milliseconds after which a new filter is shortened, which takes up to 40: whoever waits for the container need not wait for that. */
const soon = 1000

/** Parts of an OCI configuration (runtime-spec, config.md). */
interface Filtered {
  readonly annotations?: Readonly<Record<string, string>> | undefined
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
   * annotation would refuse every system call rather than allow them all.
   */
  apply<T extends Filtered>(configuration: T): T {
    const { annotations, linux } = configuration
    if (linux.seccomp === undefined) return configuration
    const filter = this.#find(keyOf(linux.seccomp))
    if (filter === undefined) return configuration
    const seccomp = { ...linux.seccomp, syscalls: [] }
    return { ...configuration, annotations: { ...annotations, [annotation]: filter }, linux: { ...linux, seccomp } }
  }

  /** Keeps what a runtime compiled for a container, `file` of its state; one that has ended already left nothing. */
  keep({ linux: { seccomp } }: Filtered, file: string): void {
    if (seccomp === undefined || this.#find(keyOf(seccomp)) !== undefined) return
    const key = keyOf(seccomp)
    try {
      this.#write(key, readFileSync(file))
      this.#clock.after(soon, () => this.#shorten(key))
    } catch {
      // The next container with this profile brings it.
    }
  }

  #shorten(key: string): void {
    // Whoever uninstalls the instance takes the directory away meanwhile.
    if (!existsSync(this.#path(key))) return
    this.#write(key, shortenFilter(readFileSync(this.#path(key))))
    this.#known.delete(key)
  }

  #write(key: string, filter: Buffer): void {
    const path = this.#path(key)
    writeFileSync(`${path}.arriving`, filter, { mode: 0o600 })
    renameSync(`${path}.arriving`, path)
  }

  #find(key: string): string | undefined {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    try {
      const filter = readFileSync(this.#path(key)).toString('base64')
      this.#known.set(key, filter)
      return filter
    } catch {
      return undefined
    }
  }

  #path(key: string): string {
    return `${this.#directory}/${key}.bpf`
  }
}

function keyOf(seccomp: object): string {
  return hexOf(digestOf(JSON.stringify(seccomp)))
}
