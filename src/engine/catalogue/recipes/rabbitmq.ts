import type { Recipe, Variant } from '../recipe.ts'
import { flavoursOf, type Line } from './flavours.ts'

const lines: readonly Line[] = [
  { suite: 'bookworm', versions: /3(?:\.\d+(?:\.\d+)?)?/, shown: ['3', '3.x'] },
  { suite: 'trixie', versions: /latest|4(?:\.\d+(?:\.\d+)?)?/, shown: ['latest', '4', '4.x'], newest: true },
]

function plain(line: Line): readonly Variant[] {
  return flavoursOf(line, {
    flavours: ['full', 'alpine'],
    on: () => [['rabbitmq', {}]],
    versionOf: 'rabbitmq-server',
    config,
    what: 'RabbitMQ',
  })
}

/** With the pages for people, on a port of their own. */
function management(line: Line): readonly Variant[] {
  const own = line.newest === true ? '|management' : ''
  return flavoursOf(
    {
      suite: line.suite,
      versions: new RegExp(`(?:${line.versions.source})-management${own}`),
      shown: line.shown.map((version) => `${version}-management`),
    },
    {
      flavours: ['full', 'alpine'],
      on: () => [['rabbitmq', { PLUGINS: 'rabbitmq_management' }]],
      versionOf: 'rabbitmq-server',
      config: (facts) => ({ ...config(facts), ExposedPorts: { '5672/tcp': {}, '15672/tcp': {}, '15692/tcp': {}, '25672/tcp': {} } }),
      what: 'RabbitMQ',
    },
  )
}

function config({ version }: { readonly version: string }): { Env: string[] } {
  return { Env: [`RABBITMQ_VERSION=${version}`] }
}

export const rabbitmq: Recipe = { repository: 'rabbitmq', variants: lines.flatMap((line) => [...plain(line), ...management(line)]) }
