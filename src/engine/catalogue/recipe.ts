import type { RunConfig } from '#engine/images/model.ts'

/** Debian's suites by their code names; `sid` is unstable. */
export type Suite = 'bookworm' | 'trixie' | 'sid'

/** How a part of an image is made, on top of those before it. */
export type PartRecipe =
  | { readonly kind: 'base'; readonly suite: Suite }
  /** A Dockerfile; its `ARG BASE` is what the parts before it come to. */
  | {
      readonly kind: 'dockerfile'
      /** Where packages come from: the suite of the base. */
      readonly suite: Suite
      /** Folders under `images/`: the one with the Dockerfile first, then others that it copies from. */
      readonly folders: readonly [string, ...string[]]
      readonly args?: Readonly<Record<string, string>>
    }
  /** Around the static BusyBox of a suite, or around the one that is installed here. */
  | { readonly kind: 'busybox'; readonly suite?: Suite }

/** What a recipe can only know when it is carried out. */
export interface Facts {
  readonly tag: string
  /** Upstream version of the package that the image is about, such as `17.0.15`; empty for a base. */
  readonly version: string
}

/** One way to make an image, for some tags of a repository. */
export interface Variant {
  /** The tags as a person is told of them, `8.x` for many of a kind. */
  readonly tags: readonly string[]
  readonly answers: RegExp
  readonly parts: readonly PartRecipe[]
  /** The package whose version counts. */
  readonly versionOf?: string
  /** What the Dockerfile can't say, as it depends on the tag or the version; variables in `Env` come beside the Dockerfile's. */
  config?(facts: Facts): RunConfig
  /** What a person gets, and how it differs from the image of that name. */
  differs(facts: Facts): string
  /** Made when this can't be, such as when Debian unstable can't be reached. */
  readonly instead?: Variant
}

export interface Recipe {
  /** Familiar name on Docker Hub. */
  readonly repository: string
  readonly variants: readonly Variant[]
}
