import type { Heredoc } from './lines.ts'
import type { Place } from './problem.ts'

export type { Heredoc } from './lines.ts'

/** A parsed Dockerfile. Variables are not expanded: their values are known only while it is built. */
export interface Dockerfile {
  readonly escape: string
  /** `ARG`s in front of the first `FROM`. */
  readonly globals: readonly Instruction<'arg'>[]
  readonly stages: readonly Stage[]
}

export interface Stage {
  /** Lower case, as stage names don't tell cases apart; undefined when it has none. */
  readonly name: string | undefined
  readonly base: string
  readonly platform: string | undefined
  readonly text: string
  readonly place: Place
  readonly instructions: readonly Instruction[]
}

/** The exec form names program and arguments, the shell form is a text for the stage's shell. */
export type Command =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly text: string; readonly heredocs: readonly Heredoc[] }

export interface Pair {
  readonly name: string
  readonly value: string
}

/** Flags and operands that `ADD` and `COPY` share. */
export interface Transfer {
  readonly sources: readonly string[]
  /** Files whose content the Dockerfile itself holds. */
  readonly inline: readonly Heredoc[]
  readonly destination: string
  readonly chown: string | undefined
  readonly chmod: string | undefined
  readonly link: boolean
  readonly parents: boolean
  readonly exclude: readonly string[]
}

/** `--mount=type=…` of `RUN`, as written: values may hold variables. */
export type MountOptions = ReadonlyMap<string, string>

/** What each instruction says, by its keyword in lower case. */
export interface Bodies {
  readonly add: Transfer & {
    readonly checksum: string | undefined
    readonly unpack: boolean | undefined
    readonly keepGitDir: boolean | undefined
  }
  readonly arg: { readonly args: readonly { readonly name: string; readonly value: string | undefined }[] }
  readonly cmd: { readonly command: Command }
  readonly copy: Transfer & { readonly from: string | undefined }
  readonly entrypoint: { readonly command: Command }
  readonly env: { readonly pairs: readonly Pair[] }
  readonly expose: { readonly ports: readonly string[] }
  readonly healthcheck: { readonly options: ReadonlyMap<string, string>; readonly test: 'none' | Command }
  readonly label: { readonly pairs: readonly Pair[] }
  readonly maintainer: { readonly value: string }
  /** With the heredocs below it, as images keep it. */
  readonly onbuild: { readonly trigger: string }
  readonly run: {
    readonly command: Command
    readonly mounts: readonly MountOptions[]
    readonly network: string | undefined
    readonly security: string | undefined
    readonly devices: readonly WantedDevice[]
  }
  readonly shell: { readonly args: readonly string[] }
  readonly stopsignal: { readonly value: string }
  readonly user: { readonly value: string }
  readonly volume: { readonly paths: readonly string[] }
  readonly workdir: { readonly value: string }
}

/** `RUN --device`. */
export interface WantedDevice {
  /** As `findDevices` takes it. */
  readonly name: string
  /** Whether the step can't do without it. */
  readonly required: boolean
}

export type Keyword = keyof Bodies

/** One instruction; `text` is how it is shown while it runs. */
export type Instruction<K extends Keyword = Keyword> = {
  [Each in K]: { readonly keyword: Each; readonly text: string; readonly place: Place } & Bodies[Each]
}[K]
