import { Worker } from 'node:worker_threads'
import { GalleyError } from '#base/error.ts'
import { PipeWriter, sharedPipe } from './shared-pipe.ts'
import type { UnpackOrder, UnpackOutcome } from './unpack-worker.ts'
import type { UnpackJob } from './unpacker.ts'

/**
 * Unpacks a layer in a thread of its own, which costs some 35 ms of processor time, while this thread goes on: receiving and
 * digesting overlap with the writing of files. `look` sees all bytes, in large portions. Resolves with the bytes of its files when
 * the thread has let go of the directory. Throws as `Unpacker` does, and what the source throws.
 */
export async function unpackInThread(source: AsyncIterable<Buffer>, job: UnpackJob, look: (bytes: Buffer) => void): Promise<number> {
  const pipe = sharedPipe()
  const writer = new PipeWriter(pipe, look)
  const outcome = run({ job, pipe }).finally(() => writer.close())
  // It may fail while the source has nothing to give; it is told below.
  outcome.catch(() => undefined)
  try {
    await fill(writer, source)
  } catch (error) {
    writer.abandon()
    await outcome.catch(() => undefined)
    throw error
  }
  return sizeOf(await outcome)
}

async function fill(writer: PipeWriter, source: AsyncIterable<Buffer>): Promise<void> {
  for await (const bytes of source) {
    await writer.write(bytes)
    if (!writer.isOpen) return
  }
  writer.end()
}

function run(order: UnpackOrder): Promise<UnpackOutcome> {
  // Descriptors that the kernel gave out beside Node's own calls are closed by us; Node would warn of each.
  const options = { workerData: order, trackUnmanagedFds: false }
  const thread = new Worker(new URL(import.meta.resolve('#content/layers/unpack-worker.ts')), options)
  return new Promise((resolve, reject) => {
    let outcome: UnpackOutcome | undefined
    thread.once('message', (message: UnpackOutcome) => (outcome = message))
    thread.once('error', reject)
    thread.once('exit', () => {
      if (outcome === undefined) reject(new GalleyError('internal', 'the thread that unpacked a layer ended without a result'))
      else resolve(outcome)
    })
  })
}

function sizeOf(outcome: UnpackOutcome): number {
  if ('size' in outcome) return outcome.size
  if ('fault' in outcome) throw Object.assign(new Error(outcome.fault), outcome.fields)
  const { kind, message, ...detail } = outcome
  throw new GalleyError(kind, message, detail)
}
