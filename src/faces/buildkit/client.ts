import type { Duplex } from 'node:stream'
import type { Digest } from '#base/digest.ts'
import type { Branch } from '#content/layers/pack.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import type { stat } from './messages/session.ts'
import type { Message } from './wire/message.ts'

/** What a build may ask of its client: files, secrets, agents, logins, and places for its results. */
export interface Client {
  /** Tells the same directory of the same machine again in a later build. */
  readonly sharedKey: string
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
  /** Files of one of its directories. Throws `invalid` when it offers none. */
  files(selection: FileSelection, signal: AbortSignal): FileSource
  /** An archive that it sends at this address. */
  upload(address: URL, signal: AbortSignal): AsyncIterable<Buffer>
  /** What it is known by at a registry; undefined when it has nothing for it. */
  credentials(domain: string, signal: AbortSignal): Promise<Credentials | undefined>
  /** The content of a secret; undefined when it has none of this name. */
  secret(id: string, signal: AbortSignal): Promise<Buffer | undefined>
  /** Opens connections to an SSH agent; undefined when it has none of this name. */
  agent(id: string, signal: AbortSignal): Promise<(() => Promise<Duplex>) | undefined>
  /** A directory that is laid out as an OCI image layout, by the name that the client gave it. */
  blobs(store: string, signal: AbortSignal): BlobStore
  /** Gives it a file, for the output of this place among all. */
  takeFile(output: number, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>
  /** Gives it the files of directories. */
  takeDirectories(output: number, branches: readonly Branch[], signal: AbortSignal): Promise<void>
}

/** Which files of one of the client's directories are asked for. */
export interface FileSelection {
  /** The name that the client gave the directory. */
  readonly directory: string
  /** Patterns of an ignore file. */
  readonly exclude?: readonly string[]
  /** Paths and patterns, with what leads to them and what links there point to; all when undefined. */
  readonly follow?: readonly string[] | undefined
}

export type Stat = Message<typeof stat>

/** Where a file's content goes. */
export interface FileSink {
  /** The bytes are others when it has returned: whoever keeps them takes a copy. */
  write(chunk: Buffer): void
  end(): void
}

/** Files on their way: first what there is, then the content of those that are asked for. */
export interface FileSource {
  /** Bytes that have come so far, with what is said of the files. */
  readonly received: number
  /** All there is, directories before what is in them. Throws `invalid` for paths that lead elsewhere. */
  stats(): Promise<Stat[]>
  /** Brings the content of files, by their places in `stats`. */
  receive(wanted: Iterable<readonly [number, () => FileSink]>): Promise<void>
  /** Lets the client go, and does not wait until it has gone: it has nothing more to say that matters. */
  finish(): void
  /** Gives up. */
  cancel(): void
}

/** Blobs by digest. */
export interface BlobStore {
  /** A blob's bytes; they are those of the digest, or it throws `invalid`. */
  read(digest: Digest): AsyncIterable<Buffer>
  /** A document, such as a manifest, whole. Throws `too large`. */
  readWhole(digest: Digest): Promise<Buffer>
  /** Puts a stream there and resolves with its digest and size. */
  write(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<{ digest: Digest; size: number }>
}
