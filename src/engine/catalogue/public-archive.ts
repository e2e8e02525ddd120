import { existsSync, readFileSync } from 'node:fs'

const program = '/usr/bin/mmdebstrap'

/** Address of Debian's public archive: the one that mmdebstrap takes when it is given none. Undefined where that is not installed. */
export function publicArchive(): string | undefined {
  if (!existsSync(program)) return undefined
  return /['"](https?:\/\/[\w.-]+\/debian)['"]/.exec(readFileSync(program, 'utf8'))?.[1]
}
