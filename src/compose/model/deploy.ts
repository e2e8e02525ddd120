import { defined, fieldsOf, integerOf, itemsOf, nanoCpusOf, numberOf, textMapOf, textOf, textsOf, wordOf } from './decode.ts'
import type { Deploy, Resources, UpdateConfig } from './model.ts'
import { isNull, type Node } from './tree.ts'

/** compose-spec, deploy. Throws `invalid`. */
export function decodeDeploy(node: Node | undefined, where: string): Deploy | undefined {
  if (node === undefined || isNull(node)) return undefined
  const field = fieldsOf(node, where)
  const resources = fieldsOf(field('resources'), `${where}.resources`)
  return {
    labels: textMapOf(field('labels'), `${where}.labels`),
    ...defined({
      mode: textOf(field('mode'), `${where}.mode`),
      endpointMode: textOf(field('endpoint_mode'), `${where}.endpoint_mode`),
      replicas: integerOf(field('replicas'), `${where}.replicas`),
      limits: decodeResources(resources('limits'), `${where}.resources.limits`),
      reservations: decodeResources(resources('reservations'), `${where}.resources.reservations`),
      restartPolicy: decodeRestartPolicy(field('restart_policy'), `${where}.restart_policy`),
      updateConfig: decodeUpdate(field('update_config'), `${where}.update_config`),
      rollbackConfig: decodeUpdate(field('rollback_config'), `${where}.rollback_config`),
      placement: decodePlacement(field('placement'), `${where}.placement`),
    }),
  }
}

function decodeResources(node: Node | undefined, where: string): Resources | undefined {
  if (node === undefined) return undefined
  const field = fieldsOf(node, where)
  return defined({
    nanoCpus: nanoCpusOf(field('cpus'), `${where}.cpus`),
    memory: integerOf(field('memory'), `${where}.memory`),
    pids: integerOf(field('pids'), `${where}.pids`),
  })
}

function decodeRestartPolicy(node: Node | undefined, where: string): Deploy['restartPolicy'] {
  if (node === undefined) return undefined
  const field = fieldsOf(node, where)
  return defined({
    // The first three are the specification's; Docker Compose takes the others too, as they are called outside of `deploy`.
    condition: wordOf(field('condition'), ['none', 'on-failure', 'any', 'no', 'always', 'unless-stopped'], `${where}.condition`),
    delay: integerOf(field('delay'), `${where}.delay`),
    maxAttempts: integerOf(field('max_attempts'), `${where}.max_attempts`),
    window: integerOf(field('window'), `${where}.window`),
  })
}

function decodeUpdate(node: Node | undefined, where: string): UpdateConfig | undefined {
  if (node === undefined) return undefined
  const field = fieldsOf(node, where)
  return defined({
    parallelism: integerOf(field('parallelism'), `${where}.parallelism`),
    delay: integerOf(field('delay'), `${where}.delay`),
    failureAction: wordOf(field('failure_action'), ['continue', 'rollback', 'pause'], `${where}.failure_action`),
    monitor: integerOf(field('monitor'), `${where}.monitor`),
    maxFailureRatio: numberOf(field('max_failure_ratio'), `${where}.max_failure_ratio`),
    order: wordOf(field('order'), ['start-first', 'stop-first'], `${where}.order`),
  })
}

function decodePlacement(node: Node | undefined, where: string): Deploy['placement'] {
  if (node === undefined) return undefined
  const field = fieldsOf(node, where)
  return {
    constraints: textsOf(field('constraints'), `${where}.constraints`),
    spread: itemsOf(field('preferences'), `${where}.preferences`).flatMap((item) => {
      const spread = textOf(fieldsOf(item, where)('spread'), `${where}.preferences.spread`)
      return spread === undefined ? [] : [spread]
    }),
    ...defined({ maxReplicasPerNode: integerOf(field('max_replicas_per_node'), `${where}.max_replicas_per_node`) }),
  }
}
