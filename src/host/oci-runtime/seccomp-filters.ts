import { copyFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { digestOf, hexOf } from '#base/digest.ts'

/** What crun reads instead of compiling the profile: the filter's instructions in base64 (crun(1), run.oci.seccomp_bpf_data). */
const annotation = 'run.oci.seccomp_bpf_data'

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
  readonly #known = new Map<string, string>()

  constructor(directory: string) {
    this.#directory = directory
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
    const path = this.#path(keyOf(seccomp))
    try {
      copyFileSync(file, `${path}.arriving`)
      renameSync(`${path}.arriving`, path)
    } catch {
      // The next container with this profile brings it.
    }
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
