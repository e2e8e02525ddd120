import { parentPort, workerData } from 'node:worker_threads'
import { GalleyError, type ErrorKind } from '#base/error.ts'
import { readPipe, type SharedPipe } from './shared-pipe.ts'
import { Unpacker, type UnpackJob } from './unpacker.ts'

export interface UnpackOrder {
  readonly job: UnpackJob
  readonly pipe: SharedPipe
}

/** How it went, in a form that can be sent between threads: errors lose their class and their fields on the way. */
export type UnpackOutcome =
  | { readonly size: number }
  | { readonly kind: ErrorKind; readonly message: string; readonly code?: string; readonly subject?: string; readonly advice?: string }
  | { readonly fault: string; readonly fields: Pick<NodeJS.ErrnoException, 'code' | 'syscall'> }

/** The thread's whole life: one layer, as fast as its bytes come. */
function unpack({ job, pipe }: UnpackOrder): UnpackOutcome {
  try {
    using unpacker = new Unpacker(job)
    for (const bytes of readPipe(pipe)) unpacker.write(bytes)
    return { size: unpacker.finish() }
  } catch (error) {
    return failed(error)
  }
}

function failed(error: unknown): UnpackOutcome {
  if (!(error instanceof GalleyError)) {
    const { code, syscall, message } = error as NodeJS.ErrnoException
    return { fault: message, fields: { ...(code !== undefined && { code }), ...(syscall !== undefined && { syscall }) } }
  }
  const { kind, message, code, subject, advice } = error
  return {
    kind,
    message,
    ...(code !== undefined && { code }),
    ...(subject !== undefined && { subject }),
    ...(advice !== undefined && { advice }),
  }
}

parentPort?.postMessage(unpack(workerData as UnpackOrder))
