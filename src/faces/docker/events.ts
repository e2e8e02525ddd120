import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { familiarName, parseImageReference } from '#base/image-reference.ts'
import type { EngineEvent, EventBus } from '#engine/events/bus.ts'
import { hasLabel } from './container-filters.ts'
import { filters, moment, type Call } from './route.ts'
import { selection, type Tests } from './selection.ts'

/** Bytes that may wait for a client that does not read; then it is cut off, and knows that it missed something. */
const mostUnread = 1 << 20

/** `GET /events`: past events from `since`, then those to come until `until` or until the client goes. Throws `invalid`. */
export function sendEvents({ events, clock }: { readonly events: EventBus; readonly clock: Clock }, call: Call): void {
  const { query, response } = call
  const isWanted = selection(tests, filters(query), undefined)
  const [since, until] = [moment(query, 'since'), moment(query, 'until')]
  if (since !== undefined && until !== undefined && since > until)
    throw new GalleyError(
      'invalid',
      `\`since\` time (${Math.floor(since / 1000)}) cannot be after \`until\` time (${Math.floor(until / 1000)})`,
      { subject: 'since' },
    )
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()
  const send = (event: EngineEvent): void => {
    if (!isWanted(event)) return
    response.write(`${JSON.stringify(encode(event))}\n`)
    if (response.writableLength > mostUnread) response.destroy()
  }
  // Who says only until when wants to know what has been.
  if (since !== undefined || until !== undefined)
    for (const event of events.past()) if (event.time >= (since ?? 0) && (until === undefined || event.time <= until)) send(event)
  if (until !== undefined && until <= clock.now()) {
    response.end()
    return
  }
  const listening = events.listen(send)
  const timer = until === undefined ? undefined : clock.after(until - clock.now(), () => response.end())
  response.on('close', () => {
    listening[Symbol.dispose]()
    timer?.[Symbol.dispose]()
  })
}

function encode({ type, action, id, attributes, time }: EngineEvent): object {
  const legacy =
    type === 'container' ? { status: action, id, from: attributes['image'] ?? '' } : type === 'image' ? { status: action, id } : {}
  return {
    ...legacy,
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Math.floor(time / 1000),
    timeNano: Math.round(time * 1e6),
  }
}

/** Of things that Galley doesn't have there are no events. */
const things = ['container', 'network', 'volume', 'daemon', 'plugin', 'node', 'service', 'secret', 'config'] as const

/** `docker events --filter`. */
const tests: Tests<EngineEvent> = {
  type: ({ type }, value) => type === value,
  event: ({ action }, value) => action === value || action.startsWith(`${value}:`),
  scope: (_, value) => value === 'local',
  image: isOfImage,
  label: ({ attributes }, value) => hasLabel(attributes, value),
  ...Object.fromEntries(
    // By the beginning of a name, too, as in Docker.
    things.map((thing) => [
      thing,
      ({ type, id, attributes: { name = '' } }: EngineEvent, value: string): boolean =>
        type === thing && (id.startsWith(value) || name.startsWith(value)),
    ]),
  ),
}

/** Events of an image, and of the containers that were made from it; with or without its tag. */
function isOfImage({ type, id, attributes }: EngineEvent, value: string): boolean {
  const name = attributes[type === 'image' ? 'name' : 'image']
  return [id, name, name === undefined ? undefined : withoutTag(name)].includes(value)
}

function withoutTag(name: string): string {
  try {
    return familiarName(parseImageReference(name))
  } catch {
    // A container may have been made from an image's id.
    return name
  }
}
