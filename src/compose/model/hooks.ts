import { defined, fieldsOf, flagOf, itemsOf, textOf, textsOf, wordOf } from './decode.ts'
import type { Hook, WatchRule } from './model.ts'
import { decodeVariables } from './settings.ts'
import { invalidAt, plainText, type Node } from './tree.ts'

const actions = ['rebuild', 'sync', 'restart', 'sync+restart', 'sync+exec'] as const

/** `pre_start`, `post_start` or `pre_stop`. Throws `invalid`. */
export function decodeHooks(node: Node | undefined, where: string): Hook[] | undefined {
  return node === undefined ? undefined : itemsOf(node, where).map((item) => decodeHook(item, where))
}

function decodeHook(node: Node, where: string): Hook {
  const field = fieldsOf(node, where)
  return {
    command: textsOf(field('command'), `${where}.command`),
    environment: decodeVariables(field('environment'), `${where}.environment`),
    at: node.at,
    ...defined({
      user: textOf(field('user'), `${where}.user`),
      privileged: flagOf(field('privileged'), `${where}.privileged`),
      workingDir: textOf(field('working_dir'), `${where}.working_dir`),
      image: textOf(field('image'), `${where}.image`),
      perReplica: flagOf(field('per_replica'), `${where}.per_replica`),
    }),
  }
}

/** What `initial_sync` was called before it was of the specification. */
const formerSync = 'x-initialSync'

/** `develop`. Throws `invalid`. */
export function decodeWatch(node: Node | undefined, service: string): WatchRule[] | undefined {
  const where = `${service}.develop.watch`
  const watch = fieldsOf(node, `${service}.develop`)('watch')
  if (watch === undefined) return undefined
  return itemsOf(watch, where).map((item) => {
    const field = fieldsOf(item, where)
    const path = textOf(field('path'), `${where}.path`)
    const action = wordOf(field('action'), actions, `${where}.action`)
    if (path === undefined || path === '' || action === undefined) throw invalidAt(item.at, `${where} needs a path and an action`)
    const target = textOf(field('target'), `${where}.target`)
    if (target === undefined && action.startsWith('sync')) throw invalidAt(item.at, `${where}: target is required for non-rebuild actions`)
    const exec = field('exec')
    return {
      path,
      action,
      ignore: textsOf(field('ignore'), `${where}.ignore`),
      include: textsOf(field('include'), `${where}.include`),
      initialSync: flagOf(field('initial_sync'), `${where}.initial_sync`) ?? plainText(field(formerSync)) === 'true',
      ...(field(formerSync) !== undefined && { usesFormerSync: true as const }),
      at: item.at,
      ...defined({ target, exec: exec === undefined ? undefined : decodeHook(exec, `${where}.exec`) }),
    }
  })
}
