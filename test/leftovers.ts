import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { configOf } from '#daemon/config.ts'
import type { Instance } from './instance.ts'

/** What the instance keeps of containers, in memory and on disk. */
export function keptOf({ data, run }: Instance): string[] {
  return [`${run}/held`, `${run}/containers`, `${run}/netns`, `${data}/containers`, `${data}/trash`].flatMap((directory) =>
    readdirSync(directory, { recursive: directory.endsWith('/containers'), encoding: 'utf8' }).map((name) => `${directory}/${name}`),
  )
}

/** What is left of networks and of places on them: bridges and interfaces, published ports, names. */
export function keptOfNetworks({ run }: Instance): string[] {
  const files = ['netns', 'ports', 'names/tables', 'names/resolvers'].flatMap((name) =>
    readdirSync(`${run}/${name}`).map((file) => `${name}/${file}`),
  )
  const { instance: name } = configOf({ run })
  const list = (...args: string[]): string => spawnSync('nft', ['list', ...args], { encoding: 'utf8' }).stdout
  const ports = ['ports', 'bound', 'routed'].filter((kind) =>
    list(kind === 'routed' ? 'set' : 'map', 'ip', `galley_${name}`, kind).includes('elements'),
  )
  const links = spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout.split('\n')
  const bridges = links.filter((line) => line.includes(`galley:${name}`)).slice(1)
  return [...files, ...ports, ...bridges]
}
