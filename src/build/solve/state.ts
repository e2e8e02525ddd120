import type { Digest } from '#base/digest.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import type { HistoryEntry, RunConfig } from '#engine/images/model.ts'

/** `config` of an image while instructions change it. */
export type Draft = { -readonly [field in keyof RunConfig]: RunConfig[field] }

/** One instruction's line in the history; `created` is filled in when the image is put together. */
export interface Step {
  readonly createdBy: string
  /** undefined for a step that changed no files. */
  readonly layer: { readonly diffId: Digest; readonly created: number } | undefined
}

/** What a stage has come to: the root file system and configuration that its next instruction starts from. */
export interface State {
  /** Lowest first. */
  readonly layers: readonly Digest[]
  readonly config: Draft
  readonly platform: Platform
  /** History of the base image, and the steps since. */
  readonly inherited: readonly HistoryEntry[]
  readonly steps: readonly Step[]
  readonly author: string | undefined
  /** The last work that it took. */
  readonly vertex: Digest | undefined
  /** The image in the store that it was made from last; none for what starts from nothing. */
  readonly image: Digest | undefined
  /** Declared build arguments with a value. */
  readonly args: ReadonlyMap<string, string>
}

export function envOf(config: Draft): Map<string, string> {
  return new Map(
    (config.Env ?? []).map((entry) => {
      const at = entry.indexOf('=')
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]
    }),
  )
}

/** The shell that `RUN`, `CMD` and `ENTRYPOINT` texts are given to. */
export function shellOf(config: Draft): readonly string[] {
  return config.Shell ?? ['/bin/sh', '-c']
}
