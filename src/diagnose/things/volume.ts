import type { Volume } from '#engine/volumes/volumes.ts'
import { ago } from '../words.ts'
import { usersText, type Places, type Thing } from './thing.ts'

/** A volume: where it lies, who uses it, and why it can't be removed. */
export function volumeThing({ name, anonymous, created }: Volume, { engine, volumes }: Places): Thing {
  const users = volumes.usersOf(name).flatMap((id) => engine.containers.find(id) ?? [])
  const there = users.map((user) => {
    const places = user.mounts.filter((mount) => mount.name === name).map(({ destination }) => destination)
    return `${user.name}:${places.join(', ')} (${user.state.status})`
  })
  const age = `made ${ago(engine.clock.now() - created)} ago`
  return {
    subject: `Volume ${name}`,
    state: 'up',
    text: [volumes.mountpoint(name), ...(anonymous ? ['without a name'] : []), age, usersText(there)].join('; '),
    notes: [
      ...(users.length === 0 ? [] : ['It can be removed when those containers are removed; stopping them is not enough.']),
      ...(anonymous
        ? ['It goes with its container at docker rm -v and galley down -v; docker volume prune removes it when nobody uses it.']
        : []),
    ],
    findings: [],
  }
}
