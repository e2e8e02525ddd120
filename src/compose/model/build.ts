import { bytesOf, defined, entriesOf, fieldsOf, flagOf, integerOf, textMapOf, textOf, textsOf } from './decode.ts'
import { decodeFileMounts } from './file-objects.ts'
import type { Build, Ulimit } from './model.ts'
import { decodeVariables } from './settings.ts'
import { isNull, plainText, type Node } from './tree.ts'

/** A typed `build` (compose-spec, build). */
export function decodeBuild(node: Node | undefined, where: string): Build | undefined {
  if (node === undefined || isNull(node)) return undefined
  const field = fieldsOf(node, where)
  const text = (key: string): string | undefined => textOf(field(key), `${where}.${key}`)
  const flag = (key: string): boolean | undefined => flagOf(field(key), `${where}.${key}`)
  const texts = (key: string): string[] | undefined => (field(key) === undefined ? undefined : textsOf(field(key), `${where}.${key}`))
  const map = (key: string): Record<string, string> | undefined =>
    field(key) === undefined ? undefined : textMapOf(field(key), `${where}.${key}`)
  return {
    context: text('context') ?? '.',
    dockerfile: text('dockerfile') || 'Dockerfile',
    args: decodeVariables(field('args'), `${where}.args`),
    ...defined({
      target: text('target'),
      dockerfileInline: text('dockerfile_inline'),
      additionalContexts: map('additional_contexts'),
      cacheFrom: texts('cache_from'),
      cacheTo: texts('cache_to'),
      noCache: flag('no_cache'),
      noCacheFilter: texts('no_cache_filter'),
      pull: flag('pull'),
      platforms: texts('platforms'),
      secrets: decodeFileMounts('secrets', field('secrets'), `${where}.secrets`),
      ssh: decodeSsh(field('ssh'), `${where}.ssh`),
      labels: map('labels'),
      network: text('network'),
      shmSize: bytesOf(field('shm_size'), `${where}.shm_size`),
      tags: texts('tags'),
      ulimits: field('ulimits') === undefined ? undefined : decodeUlimits(field('ulimits'), `${where}.ulimits`),
      extraHosts: texts('extra_hosts')?.map((host) => host.replace('=', ':')),
      privileged: flag('privileged'),
      entitlements: texts('entitlements'),
      provenance: text('provenance'),
      sbom: text('sbom'),
    }),
  }
}

/** Paths of sockets or keys by id; `default` alone is the caller's agent. */
function decodeSsh(node: Node | undefined, where: string): Record<string, string | null> | undefined {
  if (node === undefined) return undefined
  return Object.fromEntries([...entriesOf(node, where)].map(([id, { value }]) => [id, isNull(value) ? null : plainText(value)]))
}

/** A number for both limits, or `soft` and `hard`. */
export function decodeUlimits(node: Node | undefined, what: string): Ulimit[] {
  return [...entriesOf(node, what)].map(([name, { value }]) => {
    if (value.kind !== 'mapping') {
      const both = integerOf(value, `${what}.${name}`) ?? 0
      return { name, soft: both, hard: both }
    }
    const limit = (kind: string): number => integerOf(value.entries.get(kind)?.value, `${what}.${name}.${kind}`) ?? 0
    return { name, soft: limit('soft'), hard: limit('hard') }
  })
}
