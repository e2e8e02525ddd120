import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { GalleyError, messageOf } from '#base/error.ts'
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
        throw new GalleyError('not found', `${destination.path} can't be written: ${messageOf(cause)}`, {
          subject: destination.path,
          cause,
        })
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
  mkdirSync(path, { recursive: true })
  const tar = spawn('tar', ['-x', '-p', '--no-same-owner', '-C', path], { stdio: ['pipe', 'inherit', 'inherit'] })
  const ended = once(tar, 'close') as Promise<[number | null]>
  // Whether it went well is asked in the end.
  tar.stdin.on('error', () => undefined)
  return sinkInto(tar.stdin, async () => {
    tar.stdin.end()
    const [code] = await ended
    if (code !== 0) throw new GalleyError('conflict', `tar ended with exit code ${code}`)
  })
}

function sinkInto(stream: Writable, end: () => Promise<void>): Sink {
  return {
    async write(bytes) {
      if (!stream.write(bytes) && !stream.destroyed) await Promise.race([once(stream, 'drain'), once(stream, 'close')])
    },
    end,
  }
}
