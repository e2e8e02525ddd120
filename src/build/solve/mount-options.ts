import { GalleyError } from '#base/error.ts'
import type { MountRequest } from '#engine/containers/model.ts'
import type { MountOptions } from '../dockerfile/model.ts'
import { workdirOf } from './configure.ts'
import type { Draft } from './state.ts'
import type { Stub } from './stubs.ts'

/** A mount of `RUN --mount`, before the step is known to be needed. */
export interface PreparedMount {
  /** What of it the step's result depends on. */
  readonly identity: readonly unknown[]
  make(): Promise<MadeMount>
}

export interface MadeMount {
  readonly bind?: MountRequest
  /** Target and options. */
  readonly tmpfs?: readonly [string, string]
  readonly stub?: Stub
  /** Variables that only the step's process gets to see, and no record. */
  readonly env?: readonly string[]
  release(): void
}

export const noMount: MadeMount = { release: () => undefined }

/** Where a mount goes; a relative path goes on from the working directory. Throws `invalid`. */
export function targetIn(config: Draft, target: string | undefined): string {
  if (target === undefined || target === '') throw new GalleyError('invalid', 'invalid mount target "": target is required')
  const path = workdirOf(config, target)
  if (path === '/') throw new GalleyError('invalid', 'invalid mount target "/"')
  return path
}

/** `required`, `required=true`, `ro=1`. */
export function isOn(options: MountOptions, name: string): boolean {
  return options.get(name) === 'true' || options.get(name) === '1'
}

/** `mode`, `uid` and `gid`. Throws `invalid`. */
export function fileOwner(options: MountOptions, mode: number): { readonly mode: number; readonly uid: number; readonly gid: number } {
  return { mode: octal(options, 'mode', mode), uid: number(options, 'uid'), gid: number(options, 'gid') }
}

function octal(options: MountOptions, name: string, fallback: number): number {
  const text = options.get(name)
  if (text === undefined) return fallback
  if (!/^[0-7]{1,5}$/.test(text)) throw new GalleyError('invalid', `invalid value ${text} for ${name}`)
  return Number.parseInt(text, 8)
}

function number(options: MountOptions, name: string): number {
  const text = options.get(name) ?? '0'
  if (!/^\d{1,10}$/.test(text)) throw new GalleyError('invalid', `invalid value ${text} for ${name}`)
  return Number(text)
}
