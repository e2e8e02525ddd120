import type { Writable } from 'node:stream'
import { drained } from '#base/drained.ts'

/** For all who write to one output at the same time, as `logs` does for each container: Node warns of many listeners. */
const waits = new WeakMap<Writable, Promise<void>>()

/** Writes to an output; resolves when whoever reads it takes more, so that what is passed on for long does not pile up in this process. */
export async function written(output: Writable, data: string | Uint8Array): Promise<void> {
  if (output.write(data)) return
  const wait = waits.get(output) ?? drained(output).finally(() => waits.delete(output))
  waits.set(output, wait)
  await wait
}

/**
 * Resolves when whoever reads the outputs has taken all that was written, or has gone: the end of a process drops what did not fit into a
 * pipe, which holds 64 KiB.
 */
export async function flushed(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(taken))
}

async function taken(output: Writable): Promise<void> {
  if (output.writableLength === 0) return
  await new Promise<void>((resolve) => {
    output.once('close', resolve).write('', () => resolve())
  })
}
