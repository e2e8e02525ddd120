import { text } from 'node:stream/consumers'
import { GalleyError } from '#base/error.ts'

const keys = { enter: new Set(['\r', '\n', '\x04']), erase: new Set(['\x7f', '\b']), interrupt: '\x03' } as const

/** A password: a line typed without being shown, or the whole input when that is no terminal. Throws `invalid` when it is interrupted. */
export async function readPassword(): Promise<string> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) return (await text(stdin)).replace(/\r?\n$/, '')
  stderr.write('Password: ')
  stdin.setRawMode(true).setEncoding('utf8')
  try {
    return await typed(stdin)
  } finally {
    stdin.setRawMode(false).pause()
    stderr.write('\n')
  }
}

async function typed(stdin: AsyncIterable<string | Buffer>): Promise<string> {
  let line = ''
  for await (const piece of stdin) {
    for (const key of String(piece)) {
      if (keys.enter.has(key)) return line
      if (key === keys.interrupt) throw new GalleyError('invalid', 'no password was given')
      line = keys.erase.has(key) ? line.slice(0, -1) : line + key
    }
  }
  return line
}
