import type { RunConfig } from '#engine/images/model.ts'

/** Debian's suites by their code names; `sid` is unstable. */
export type Suite = 'bookworm' | 'trixie' | 'sid'

/** How one layer is made, on top of those before it. */
export type LayerRecipe =
  | { readonly kind: 'base'; readonly suite: Suite }
  | {
      readonly kind: 'packages'
      readonly suite: Suite
      readonly packages: readonly string[]
      /** Folders under `images/` whose content is copied to the root. */
      readonly files?: readonly string[]
      /** Script under `images/` that runs inside, last. */
      readonly setup?: string
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
  readonly layers: readonly LayerRecipe[]
  /** The package whose version counts. */
  readonly versionOf?: string
  config(facts: Facts): RunConfig
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
