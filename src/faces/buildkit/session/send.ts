import type { OpenCall } from '../grpc/caller.ts'
import { GalleyError } from '#base/error.ts'
import type { Branch } from '#content/layers/pack.ts'
import { sendBytes } from './byte-stream.ts'
import { sendBranches } from './outgoing-files.ts'
import type { Session } from './sessions.ts'

/** One of the outputs that a client waits for, by its place among them. */
export interface Destination {
  readonly session: Session
  readonly index: number
  readonly signal: AbortSignal
}

const path = '/moby.filesync.v1.FileSend/DiffCopy'

/** Sends a file that the client writes where it was told to (FileSend.DiffCopy). */
export async function sendFile(to: Destination, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await sendBytes(open(to), bytes)
}

/** Sends the files of directories, which the client puts into one of its own. */
export async function sendDirectories(to: Destination, branches: readonly Branch[]): Promise<void> {
  await sendBranches(open(to), branches)
}

function open({ session, index, signal }: Destination): OpenCall {
  if (!session.offers(path)) throw new GalleyError('invalid', `method ${path} not supported by the client`, { code: 'buildkit.no-output' })
  return session.caller.open(path, { 'buildkit-attachable-exporter-id': String(index) }, signal)
}
