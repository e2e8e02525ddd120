import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { drained } from '#base/drained.ts'
import { GalleyError, messageOf, reasonOf } from '#base/error.ts'
import type { Destination } from './outputs.ts'

/** Takes the bytes of one output. */
export interface Sink {
  write(bytes: Buffer): Promise<void>
  /** Resolves when all is where it should be. */
  end(): Promise<void>
}

/** Opens what an output goes to; nothing for those that the daemon writes. */
export async function sinkOf(destination: Destination | undefined): Promise<Sink | undefined> {
  switch (destination?.kind) {
    case 'stdout':
      return sinkInto(process.stdout, () => Promise.resolve())
    case 'file': {
      const file = createWriteStream(destination.path)
      await once(file, 'open').catch((cause: unknown) => {
        throw unwritable(destination.path, cause)
      })
      return sinkInto(file, async () => void (await once(file.end(), 'close')))
    }
    case 'directory':
      return unpacking(destination.path)
    default:
      return undefined
  }
}

/** The files are the caller's, whoever has them in the image, as those of docker build are. */
function unpacking(path: string): Sink {
  try {
    mkdirSync(path, { recursive: true })
  } catch (cause) {
    throw unwritable(path, cause)
  }
  const tar = spawn('tar', ['-x', '-p', '--no-same-owner', '-C', path], { stdio: ['pipe', 'inherit', 'inherit'] })
  const ended = once(tar, 'close') as Promise<[number | null]>
  return sinkInto(tar.stdin, async () => {
    tar.stdin.end()
    const [code] = await ended
    if (code !== 0) throw new GalleyError('conflict', `tar ended with exit code ${code}`)
  })
}

function unwritable(path: string, cause: unknown): GalleyError {
  const kind = (cause as NodeJS.ErrnoException).code === 'EACCES' ? 'forbidden' : 'not found'
  return new GalleyError(kind, `${path} can't be written: ${reasonOf(cause)}`, { subject: path, cause })
}

/** Writes a small file. Throws `forbidden`, `not found`. */
export function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

function sinkInto(stream: Writable, end: () => Promise<void>): Sink {
  let failure: unknown
  const note = (error: unknown): void => void (failure ??= error)
  const check = (): void => {
    if (failure !== undefined) throw new GalleyError('unavailable', `an output can't be written: ${messageOf(failure)}`, { cause: failure })
  }
  stream.on('error', note)
  return {
    async write(bytes) {
      check()
      if (!stream.write(bytes)) await drained(stream)
    },
    async end() {
      await end().catch(note)
      check()
    },
  }
}
