import type { Recipe } from '../recipe.ts'
import { flavoursOf } from './flavours.ts'

interface Tool {
  readonly repository: string
  readonly folder: string
  readonly versionOf: string
  readonly versions: RegExp
  readonly shown: readonly string[]
  readonly what: string
  readonly but?: string
}

const tools: readonly Tool[] = [
  {
    repository: 'prom/prometheus',
    folder: 'prometheus',
    versionOf: 'prometheus',
    versions: /latest|v2(?:\.\d+){0,2}/,
    shown: ['latest', 'v2.x.y'],
    what: 'Prometheus',
    but: 'with its older pages',
  },
  {
    repository: 'prom/node-exporter',
    folder: 'node-exporter',
    versionOf: 'prometheus-node-exporter',
    versions: /latest|v1(?:\.\d+){0,2}/,
    shown: ['latest', 'v1.x.y'],
    what: 'node_exporter',
  },
]

/** Prometheus, and what tells it a machine's numbers. */
export const prometheus: readonly Recipe[] = tools.map(({ repository, folder, versionOf, versions, shown, what, but }) => ({
  repository,
  variants: flavoursOf(
    { suite: 'trixie', versions, shown },
    {
      flavours: ['full'],
      on: () => [[folder]],
      versionOf,
      config: () => ({ User: 'nobody' }),
      what,
      ...(but !== undefined && { but }),
    },
  ),
}))
