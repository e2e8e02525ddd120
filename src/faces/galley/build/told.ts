import type { ErrorKind } from '#base/error.ts'
import type { Status } from '#faces/buildkit/progress.ts'

/**
 * The answer to a build comes in frames: those of stream 1 hold one of these each, as JSON; those of stream 2 and up the bytes of the
 * outputs that the client writes by itself, by their places among all. An empty one is the end of its output.
 */
export type Told =
  | { readonly type: 'status'; readonly status: SolveStatus }
  /**
   * A step failed whose files, mounts and variables are there still: `status` is the failure as progress, and a shell in it is the
   * process of a container. With `keptFor` milliseconds it runs, or `refused` says why it can't; without that the client starts it. The
   * build ends after it.
   */
  | {
      readonly type: 'failed step'
      readonly status: SolveStatus
      readonly failure: Failure
      readonly container: string
      readonly shell: string
      readonly keptFor?: number
      readonly refused?: string
    }
  /** What there is to know of the result: `containerimage.digest` and the like. */
  | { readonly type: 'end'; readonly answer: Readonly<Record<string, string>> }
  | ({ readonly type: 'error' } & Failure)

export interface Failure {
  /** What `galley explain` tells about: `idOf` of base/error.ts. */
  readonly id: string
  readonly kind: ErrorKind
  readonly message: string
  readonly source?: ErrorSource
}

export const toldStream = 1
export const outputStream = (output: number): number => 2 + output

/** Where in the Dockerfile a failure comes from; lines and columns count from 1. */
export interface ErrorSource {
  readonly name: string
  readonly text: string
  readonly first: number
  readonly last: number
  /** What of the first line is meant, where that is known. */
  readonly mark?: { readonly column: number; readonly length: number }
}

/** A piece of progress, as BuildKit's clients write it down (`--progress=rawjson`). Times are RFC 3339. */
export interface SolveStatus {
  readonly vertexes?: readonly {
    readonly digest: string
    readonly inputs?: readonly string[]
    readonly name: string
    readonly started?: string
    readonly completed?: string
    readonly cached?: boolean
    readonly error?: string
  }[]
  readonly statuses?: readonly {
    readonly id: string
    readonly vertex: string
    readonly name: string
    readonly current: number
    readonly total?: number
    readonly timestamp: string
    readonly started?: string
    readonly completed?: string
  }[]
  readonly logs?: readonly { readonly vertex: string; readonly stream: number; readonly data: string; readonly timestamp: string }[]
  readonly warnings?: readonly {
    readonly vertex: string
    readonly level: number
    readonly short: string
    readonly detail?: readonly string[]
    readonly url?: string
    readonly sourceInfo?: { readonly filename: string; readonly data: string; readonly language: string }
    readonly range?: readonly { readonly start: { readonly line: number }; readonly end: { readonly line: number } }[]
  }[]
}

/** Bytes are in base64, as Go writes them. */
export function solveStatus({ vertexes, statuses, logs, warnings }: Status): SolveStatus {
  return {
    ...(vertexes !== undefined && {
      vertexes: vertexes.map(({ digest = '', inputs = [], name = '', started, completed, cached, error }) => ({
        digest,
        ...(inputs.length > 0 && { inputs }),
        name,
        ...(started !== undefined && { started: textOf(started) }),
        ...(completed !== undefined && { completed: textOf(completed) }),
        ...(cached === true && { cached }),
        ...(error !== undefined && error !== '' && { error }),
      })),
    }),
    ...(statuses !== undefined && {
      statuses: statuses.map(({ id = '', vertex = '', name = '', current = 0, total, timestamp, started, completed }) => ({
        id,
        vertex,
        name,
        ...(total !== undefined && { total }),
        current,
        timestamp: textOf(timestamp),
        ...(started !== undefined && { started: textOf(started) }),
        ...(completed !== undefined && { completed: textOf(completed) }),
      })),
    }),
    ...(logs !== undefined && {
      logs: logs.map(({ vertex = '', stream = 1, message, timestamp }) => ({
        vertex,
        stream,
        data: base64(message),
        timestamp: textOf(timestamp),
      })),
    }),
    ...(warnings !== undefined && {
      warnings: warnings.map(({ vertex = '', level = 0, short, detail = [], url, info, ranges = [] }) => ({
        vertex,
        level,
        short: base64(short),
        ...(detail.length > 0 && { detail: detail.map(base64) }),
        ...(url !== undefined && { url }),
        ...(info !== undefined && {
          sourceInfo: { filename: info.filename ?? '', data: base64(info.data), language: info.language ?? '' },
        }),
        ...(ranges.length > 0 && {
          range: ranges.map(({ start, end } = {}) => ({ start: { line: start?.line ?? 0 }, end: { line: end?.line ?? 0 } })),
        }),
      })),
    }),
  }
}

function base64(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64')
}

function textOf({ seconds = 0, nanos = 0 }: { readonly seconds?: number; readonly nanos?: number } = {}): string {
  return new Date(seconds * 1000 + nanos / 1e6).toISOString()
}
