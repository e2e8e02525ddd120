import { label } from '#base/compose-labels.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { jsonLines } from '../lines.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { formOf, outputOptions, tellEach } from '../output.ts'
import { requiredName } from '../project.ts'
import { secondsOf } from '../time.ts'

const syntax = {
  usage: 'events [SERVICE…]',
  does: "What happens to a project's containers from now on, until it is interrupted.",
  operands: Infinity,
  options: {
    ...projectOptions,
    ...outputOptions,
    since: { type: 'string', value: 'TIME', does: 'also what happened since a time, or in the last 10m, 2h, …' },
    until: { type: 'string', value: 'TIME', does: 'end then' },
  },
} as const satisfies Syntax

interface EngineEvent {
  readonly Action: string
  /** Whole milliseconds, but for what a number loses that is so large. */
  readonly timeNano: number
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}

/** An event as `docker compose events --json` tells it. */
interface ProjectEvent {
  /** RFC 3339, in milliseconds without zeros at the end, as Go writes it. */
  readonly time: string
  readonly type: 'container'
  readonly action: string
  readonly service: string
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
}

export const events: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const form = formOf(values)
    const name = await requiredName(values)
    const query = new URLSearchParams({ filters: JSON.stringify({ type: ['container'], label: [`${label.project}=${name}`] }) })
    for (const limit of ['since', 'until'] as const) if (values[limit] !== undefined) query.set(limit, secondsOf(values[limit]))
    for await (const found of jsonLines<EngineEvent>(await ask(`/events?${query}`))) {
      const event = eventOf(found)
      if (positionals.length > 0 && !positionals.includes(event.service)) continue
      await tellEach({ data: event, names: [event.attributes['name'] ?? ''], text: () => lineOf(event) }, form)
    }
    return 0
  },
}

/** What Compose keeps in labels is no attribute, as with docker compose. */
function eventOf({ Action, timeNano, Actor: { ID, Attributes } }: EngineEvent): ProjectEvent {
  return {
    time: new Date(Math.round(timeNano / 1e6)).toISOString().replace(/\.?0+Z$/, 'Z'),
    type: 'container',
    action: Action,
    service: Attributes[label.service] ?? '',
    id: ID,
    attributes: Object.fromEntries(Object.entries(Attributes).filter(([name]) => !name.startsWith('com.docker.compose.'))),
  }
}

function lineOf({ time, action, id, attributes }: ProjectEvent): string {
  const when = new Date(time).toISOString().replace('T', ' ').replace('Z', '')
  return `${when} container ${action} ${id.slice(0, 12)} (name=${attributes['name'] ?? ''}, image=${attributes['image'] ?? ''})\n`
}
