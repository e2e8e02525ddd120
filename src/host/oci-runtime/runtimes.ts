import { existsSync } from 'node:fs'

/** How an OCI runtime is called. Those known share runc's command line and differ in details. */
export interface OciRuntime {
  readonly name: string
  readonly program: string
  /** Options before the command. */
  readonly global: (log: string) => readonly string[]
  /**
   * Whether the keeper can hold a container's memory group over its end by hiding it from the runtime; else the runtime is
   * asked to keep everything and to delete it later.
   */
  readonly holdsGroup: boolean
  /** Whether it hands a terminal over (`--console-socket`) though it stays to tell the exit code; else it relays one. */
  readonly sendsTerminal: boolean
  /** Whether it takes seccomp filters that are compiled already (`seccomp-filters.ts`), and leaves its own in `seccomp.bpf`. */
  readonly takesFilters: boolean
  /** Whether it reads what to run in a container (`exec --process`) only when it has found that, and can wait there: at a FIFO. */
  readonly awaitsProcess: boolean
  /** Whether it starts itself a second time when its program is not read-only. */
  readonly wantsReadOnlyProgram: boolean
}

const known: readonly OciRuntime[] = [
  {
    name: 'crun',
    program: '/usr/bin/crun',
    global: (log) => ['--cgroup-manager', 'cgroupfs', '--log', `file:${log}`],
    holdsGroup: true,
    sendsTerminal: true,
    takesFilters: true,
    awaitsProcess: true,
    wantsReadOnlyProgram: true,
  },
  {
    name: 'runc',
    program: '/usr/sbin/runc',
    global: (log) => ['--log', log],
    holdsGroup: false,
    sendsTerminal: false,
    takesFilters: false,
    awaitsProcess: false,
    wantsReadOnlyProgram: false,
  },
]

export const defaultRuntime = 'crun'

/** The runtimes that are installed, the default one always among them. */
export function installedRuntimes(): readonly OciRuntime[] {
  return known.filter(({ name, program }) => name === defaultRuntime || existsSync(program))
}
