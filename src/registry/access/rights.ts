import { GalleyError } from '#base/error.ts'
import type { Access } from './tokens.ts'

/** What may be done without credentials. */
export type Anonymous = 'none' | 'pull' | 'push'

/**
 * Repositories that a user may pull from, and those that may be pulled from, pushed to and deleted from: names in which `*` stands for
 * anything, slashes too.
 */
export interface Rights {
  readonly pull: readonly string[]
  readonly push: readonly string[]
}

/** Somebody who has rights. */
export interface Holder {
  readonly rights: Rights
}

export const pushAll: Rights = { pull: [], push: ['*'] }
export const pullAll: Rights = { pull: ['*'], push: [] }

const actions = { none: [], pull: ['pull'], push: ['pull', 'push', 'delete'] } as const satisfies Record<Anonymous, readonly string[]>
/** The characters of repositories' names, in which a host and its port may come first. */
const pattern = /^[a-z0-9*][a-z0-9*._/:-]{0,254}$/

/** Throws `invalid` for what can be no name of a repository, and for rights to nothing. */
export function checkedRights({ pull, push }: Rights): Rights {
  const wrong = [...pull, ...push].find((text) => !pattern.test(text))
  if (wrong !== undefined)
    throw new GalleyError('invalid', `invalid pattern of repositories: ${wrong.slice(0, 260)}`, {
      code: 'registry.rights',
      subject: wrong.slice(0, 260),
      advice: 'It is a name, in which * stands for anything: team/*, team/app, *.',
    })
  if (pull.length + push.length === 0) throw new GalleyError('invalid', 'no repository is named', { code: 'registry.rights' })
  return { pull, push }
}

/** What a user, or anybody, may do in a repository. */
export function actionsOf(user: Holder | undefined, anonymous: Anonymous, name: string): readonly string[] {
  const own: Anonymous = user === undefined ? 'none' : rightIn(user.rights, name)
  return actions[anonymous].length > actions[own].length ? actions[anonymous] : actions[own]
}

function rightIn({ pull, push }: Rights, name: string): Anonymous {
  if (push.some((each) => matches(each, name))) return 'push'
  return pull.some((each) => matches(each, name)) ? 'pull' : 'none'
}

function matches(text: string, name: string): boolean {
  const [first = '', ...parts] = text.split('*')
  const last = parts.pop()
  if (last === undefined) return text === name
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  // Each of the parts between as early as it can be, which leaves the most for those behind it.
  const end = name.length - last.length
  let at = first.length
  for (const part of parts) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

/** Whether somebody may ask which repositories there are; of these, only what may be pulled is told. */
export function mayList(user: Holder | undefined, anonymous: Anonymous): boolean {
  return user !== undefined || anonymous !== 'none'
}

/** As much of what is asked for as is allowed. `meant`: the repositories that a name may stand for. */
export function grant(
  user: Holder | undefined,
  anonymous: Anonymous,
  { wanted, meant = (name) => [name] }: { readonly wanted: readonly Access[]; readonly meant?: (name: string) => readonly string[] },
): readonly Access[] {
  return wanted.flatMap((one) => {
    if (one.type === 'registry') return one.name === 'catalog' && mayList(user, anonymous) ? [one] : []
    if (one.type !== 'repository') return []
    const allowed = new Set(meant(one.name).flatMap((name) => actionsOf(user, anonymous, name)))
    return [{ ...one, actions: one.actions.filter((action) => allowed.has(action)) }]
  })
}
