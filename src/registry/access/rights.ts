import type { Access } from './tokens.ts'
import type { User } from './htpasswd.ts'

/** What may be done without credentials. */
export type Anonymous = 'none' | 'pull' | 'push'

const actions = { none: [], pull: ['pull'], push: ['pull', 'push', 'delete'] } as const satisfies Record<Anonymous, readonly string[]>

/** What a user, or anybody, may do in every repository. */
export function actionsOf(user: User | undefined, anonymous: Anonymous): readonly string[] {
  const open: readonly string[] = actions[anonymous]
  const own: readonly string[] = user === undefined ? [] : actions[user.right]
  return own.length > open.length ? own : open
}

/** As much of what is asked for as is allowed. */
export function grant(user: User | undefined, anonymous: Anonymous, wanted: readonly Access[]): readonly Access[] {
  const allowed = actionsOf(user, anonymous)
  return wanted.flatMap((one) => {
    if (one.type === 'registry') return one.name === 'catalog' && allowed.includes('pull') ? [one] : []
    return one.type === 'repository' ? [{ ...one, actions: one.actions.filter((action) => allowed.includes(action)) }] : []
  })
}
