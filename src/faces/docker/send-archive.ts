import { pipeline } from 'node:stream/promises'
import type { Call } from './route.ts'

/** Sends a tar at the client's pace. One that has read enough closes early, as the CLI does after an archive's end. */
export async function sendArchive(
  call: Call,
  archive: AsyncIterable<Buffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  call.response.writeHead(200, { 'content-type': 'application/x-tar', ...headers })
  try {
    await pipeline(archive, call.response, { signal: call.signal })
  } catch (error) {
    if (!call.signal.aborted) throw error
  }
}
