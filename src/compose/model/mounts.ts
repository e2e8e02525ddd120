import { defined, fieldsOf, flagOf, integerOf, textMapOf, textOf, wordOf } from './decode.ts'
import type { Mount } from './model.ts'
import { invalidAt, type Node } from './tree.ts'

/** One typed entry of a service's `volumes`. Throws `invalid`. */
export function decodeMount(node: Node): Mount {
  const field = fieldsOf(node, 'volumes')
  const type = wordOf(field('type'), ['volume', 'bind', 'tmpfs', 'image', 'npipe', 'cluster'], 'volumes.type') ?? 'volume'
  const target = textOf(field('target'), 'volumes.target')
  if (target === undefined) throw invalidAt(node.at, 'a volume needs a target')
  const source = textOf(field('source'), 'volumes.source') ?? ''
  if ((type === 'bind' || type === 'image') && source === '') throw invalidAt(node.at, `a mount of type ${type} needs a source`)
  const [bind, volume, image, tmpfs] = ['bind', 'volume', 'image', 'tmpfs'].map((key) => fieldsOf(field(key), `volumes.${key}`))
  return {
    type,
    source,
    target,
    readOnly: flagOf(field('read_only'), 'volumes.read_only') ?? false,
    createSource: flagOf(bind?.('create_host_path'), 'volumes.bind.create_host_path') ?? true,
    at: node.at,
    ...defined({
      propagation: textOf(bind?.('propagation'), 'volumes.bind.propagation'),
      recursive: textOf(bind?.('recursive'), 'volumes.bind.recursive'),
      selinux: textOf(bind?.('selinux'), 'volumes.bind.selinux'),
      noCopy: flagOf(volume?.('nocopy'), 'volumes.volume.nocopy'),
      subpath: textOf(volume?.('subpath') ?? image?.('subpath'), 'volumes.subpath'),
      labels: volume?.('labels') === undefined ? undefined : textMapOf(volume('labels'), 'volumes.volume.labels'),
      tmpfsSize: integerOf(tmpfs?.('size'), 'volumes.tmpfs.size'),
      tmpfsMode: integerOf(tmpfs?.('mode'), 'volumes.tmpfs.mode'),
    }),
  }
}
