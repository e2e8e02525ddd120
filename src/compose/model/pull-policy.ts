import { periodOf, textOf } from './decode.ts'
import type { PullPolicy } from './model.ts'
import { invalidAt, type Node } from './tree.ts'

const hour = 3600e9
const simple: Readonly<Record<string, PullPolicy>> = {
  always: { when: 'always' },
  never: { when: 'never' },
  missing: { when: 'missing' },
  if_not_present: { when: 'missing' },
  build: { when: 'build' },
  refresh: { when: 'older', than: 0 },
  daily: { when: 'older', than: 24 * hour },
  weekly: { when: 'older', than: 7 * 24 * hour },
}

/** compose-spec, pull_policy. Throws `invalid`. */
export function decodePullPolicy(node: Node | undefined, what: string): PullPolicy | undefined {
  const text = textOf(node, what)
  if (text === undefined) return undefined
  const period = /^every_((?:\d+[wdhms])+)$/.exec(text)?.[1]
  const than = period === undefined ? undefined : periodOf(period)
  const policy = Object.hasOwn(simple, text) ? simple[text] : than === undefined ? undefined : { when: 'older' as const, than }
  if (policy !== undefined) return policy
  throw invalidAt(node!.at, `${what}: invalid policy "${text}"`, `One of ${Object.keys(simple).join(', ')}, or every_12h.`) // it had a text
}
