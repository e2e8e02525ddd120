import { GalleyError } from '#base/error.ts'

export type Right = 'pull' | 'push'

/** A person or program that may use the registry. */
export interface User {
  readonly name: string
  /** bcrypt, `$2y$…`. */
  readonly hash: string
  readonly right: Right
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/

/** Throws `invalid`. */
export function parseUserName(text: string): string {
  if (namePattern.test(text)) return text
  throw new GalleyError('invalid', `invalid user name: ${text.slice(0, 130)}`, {
    code: 'registry.user',
    advice: 'Letters, digits and . _ @ - are allowed, 128 at most.',
  })
}

/**
 * Reads a password file as Apache's `htpasswd -B` writes it: `name:hash`, and behind another colon `pull` for users who may not push.
 * Other hashes than bcrypt are of no use. Throws `invalid` and names the line.
 */
export function parseHtpasswd(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [name = '', hash = '', right = 'push'] = line.trim().split(':')
    if (!namePattern.test(name) || !/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash) || (right !== 'push' && right !== 'pull'))
      throw new GalleyError('invalid', `line ${index + 1} of the registry's password file is not NAME:BCRYPT or NAME:BCRYPT:pull`, {
        code: 'registry.htpasswd',
        advice: 'htpasswd -B writes such lines, and so does galley registry user add.',
      })
    users.set(name, { name, hash, right })
  }
  return users
}

export function formatHtpasswd(users: Iterable<User>): string {
  return [...users].map(({ name, hash, right }) => `${name}:${hash}${right === 'pull' ? ':pull' : ''}\n`).join('')
}
