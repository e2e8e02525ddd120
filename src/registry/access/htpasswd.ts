import { GalleyError } from '#base/error.ts'
import { checkedRights, pullAll, pushAll, type Rights } from './rights.ts'

/** A person or program that may use the registry. */
export interface User {
  readonly name: string
  /** bcrypt, `$2y$…`. */
  readonly hash: string
  readonly rights: Rights
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
 * Reads a password file as Apache's `htpasswd -B` writes it: `name:hash`. Behind another colon stand the rights of users who may not do
 * everything: `pull`, or patterns of repositories as in `pull=team/*,base;push=team/app`. Other hashes than bcrypt are of no use.
 * Throws `invalid` and names the line.
 */
export function parseHtpasswd(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [, name = '', hash = '', written] = /^([^:]*):([^:]*)(?::(.*))?$/.exec(line.trim()) ?? []
    const rights = rightsOf(written)
    if (!namePattern.test(name) || !/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash) || rights === undefined)
      throw new GalleyError('invalid', `line ${index + 1} of the registry's password file is not NAME:BCRYPT or NAME:BCRYPT:RIGHTS`, {
        code: 'registry.htpasswd',
        advice: 'htpasswd -B writes such lines, and so does galley registry user add.',
      })
    users.set(name, { name, hash, rights })
  }
  return users
}

/** undefined for what are no rights. */
function rightsOf(text: string | undefined): Rights | undefined {
  if (text === undefined || text === 'push') return pushAll
  if (text === 'pull') return pullAll
  const found = new Map(text.split(';').map((part) => [part.split('=', 1)[0] ?? '', part.slice(part.indexOf('=') + 1).split(',')]))
  if ([...found.keys()].some((name) => name !== 'pull' && name !== 'push')) return undefined
  try {
    return checkedRights({ pull: found.get('pull') ?? [], push: found.get('push') ?? [] })
  } catch {
    return undefined
  }
}

export function formatHtpasswd(users: Iterable<User>): string {
  return [...users].map(({ name, hash, rights }) => `${[name, hash, ...written(rights)].join(':')}\n`).join('')
}

function written({ pull, push }: Rights): readonly string[] {
  if (push.includes('*')) return []
  if (push.length === 0 && pull.includes('*')) return ['pull']
  const parts = { pull, push } as const
  return [
    Object.entries(parts)
      .flatMap(([name, patterns]) => (patterns.length === 0 ? [] : `${name}=${patterns.join(',')}`))
      .join(';'),
  ]
}
