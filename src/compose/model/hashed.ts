import { jsonText } from './language/json.ts'
import { network, volume } from './language/document.ts'
import { service } from './language/service.ts'
import { print } from './language/print.ts'
import { fieldIn, plainText, scalar, withField, type Mapping } from './tree.ts'

/** What may change without the container being made anew. */
const apart = ['build', 'pull_policy', 'scale', 'depends_on', 'profiles']

/** What the hash of a typed, normalised service is taken of, as in Docker Compose 2.40: its JSON without what concerns no single container. */
export function serviceText(node: Mapping): string {
  const deploy = fieldIn(node, 'deploy')
  const whole = deploy?.kind === 'mapping' ? withField(node, 'deploy', withField(deploy, 'replicas', undefined)) : node
  const left = apart.reduce((one, key) => withField(one, key, undefined), whole)
  return jsonText(print(service, left, 'json'))
}

/** The same of a network, as it is labelled. */
export function networkText(node: Mapping): string {
  return jsonText(print(network, node, 'json'))
}

/** The same of a volume; one without a driver is a local one. */
export function volumeText(node: Mapping): string {
  const driver = fieldIn(node, 'driver')
  const whole = plainText(driver) === '' ? withField(node, 'driver', scalar('local', node.at)) : node
  return jsonText(print(volume, whole, 'json'))
}
