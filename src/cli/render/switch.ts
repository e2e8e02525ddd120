import type { SwitchEvent } from '#compose/apply/events.ts'

/** What a person is told of a seamless update: what was counted on real traffic, and nothing where there was none. */
export function switchText({ service, open, left, counted }: SwitchEvent): string {
  const cut = left === 0 ? '' : `, ${connections(left)} of the old container still open when it had to stop`
  if (counted === undefined) return `${service}: switched; connections could not be counted${cut}`
  const { old, next } = counted
  const all = open + old.opened + next.opened
  if (all === 0) return `${service}: switched; no traffic observed`
  const [refused, reset] = [old.refused + next.refused, old.reset + next.reset]
  return `${service}: switched with ${connections(all)} (${open + old.opened} to the old container, ${next.opened} to the new one): ${refused} refused, ${reset} reset${cut}`
}

function connections(count: number): string {
  return count === 1 ? '1 connection' : `${count} connections`
}
