import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { GalleyError } from '#base/error.ts'
import { environment, lacksStreams } from './run.ts'

/**
 * Sends a stream through a program and yields what it writes. Throws `unavailable` when the program is not there (`debian` is the
 * package to install), `invalid` when it does not like its input.
 */
export async function* filter(program: string, args: readonly string[], input: Readable, debian: string): AsyncGenerator<Buffer> {
  const child = spawn(program, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = Promise.withResolvers<number | null>()
  child.on('error', (cause) =>
    ended.reject(
      new GalleyError('unavailable', `can't start ${program}: ${cause.message}`, {
        code: 'process.not-started',
        advice: `apt-get install ${debian}`,
        cause,
      }),
    ),
  )
  child.on('close', (code) => ended.resolve(code))
  if (lacksStreams(child)) await ended.promise
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-1000)))
  // A program that stops reading tells why by its exit code.
  child.stdin.on('error', () => undefined)
  input.on('error', () => child.kill('SIGKILL'))
  input.pipe(child.stdin)
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer
    const code = await ended.promise
    if (code !== 0) throw new GalleyError('invalid', `${program}: ${complaint.trim() || `exit code ${code}`}`)
  } finally {
    ended.promise.catch(() => undefined)
    child.kill('SIGKILL')
    input.destroy()
  }
}
