import type { Material } from '../attest/materials.ts'
import type { SourceTree } from './tree.ts'

/** Where a build context's files come from: a tar, a directory, a client's session, an address. */
export interface ContextSource {
  /** Called once. `directory` makes one that is empty and the build's own, which goes with the build: most contexts need none. */
  open(directory: () => string, signal: AbortSignal): Promise<OpenContext>
}

/** A build asks for the Dockerfile and ignore files first, and for the rest only when it knows what of it is needed. */
export interface OpenContext {
  /** The content of one file; undefined when there is none. Links are followed inside the context. */
  read(path: string): Promise<string | undefined>
  /** Brings the files; called at most once, after all `read`s. Throws `invalid`, `too large`. */
  receive(wanted: Wanted): Promise<ReceivedContext>
  /** What it is, where it came from an address; once it is here. */
  material?(): Material | undefined
}

/** What of a context a build needs. A source may bring more, but nothing that is ignored. */
export interface Wanted {
  /** Lines of the ignore file that holds. */
  readonly ignore: readonly string[]
  /** Paths and patterns as `COPY` takes them, relative to the root; undefined when all may be needed. */
  readonly paths: readonly string[] | undefined
}

export type ReceivedContext =
  | {
      /** A directory that `open` was given, or another one that nothing changes before the build ends. All in it belongs to root. */
      readonly root: string
      /**
       * sha256 of files' content by path, in hexadecimal, where it is known. The files may become parts of layers by hard links:
       * whoever keeps them for later replaces them, and never writes into them.
       */
      readonly digests: ReadonlyMap<string, string>
    }
  /** Files that need not be on the disk yet. */
  | { readonly tree: SourceTree }
