import { PassThrough, type Readable } from 'node:stream'

/** What a child writes, whenever it is read: Node throws away what nobody has begun to read when the child ends. */
export function outputOf({ stdout }: { readonly stdout: Readable }): Readable {
  return stdout.pipe(new PassThrough())
}
