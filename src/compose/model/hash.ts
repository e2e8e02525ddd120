import { createHash } from 'node:crypto'
import { jsonText } from './language/json.ts'
import { network, volume } from './language/document.ts'
import { service } from './language/service.ts'
import { print } from './language/print.ts'
import { fieldIn, plainText, scalar, withField, type Mapping } from './tree.ts'

/** What may change without the container being made anew. */
const apart = ['build', 'pull_policy', 'scale', 'depends_on', 'profiles']

/**
 * A typed, normalised service's hash, the same as Docker Compose 2.40 puts on containers (`com.docker.compose.config-hash`): SHA-256 of its
 * JSON without what concerns no single container.
 */
export function serviceHash(node: Mapping): string {
  const deploy = fieldIn(node, 'deploy')
  const whole = deploy?.kind === 'mapping' ? withField(node, 'deploy', withField(deploy, 'replicas', undefined)) : node
  const left = apart.reduce((one, key) => withField(one, key, undefined), whole)
  return sha256(jsonText(print(service, left, 'json')))
}

/** The same of a network, as it is labelled. */
export function networkHash(node: Mapping): string {
  return sha256(jsonText(print(network, node, 'json')))
}

/** The same of a volume; one without a driver is a local one. */
export function volumeHash(node: Mapping): string {
  const driver = fieldIn(node, 'driver')
  const whole = plainText(driver) === '' ? withField(node, 'driver', scalar('local', node.at)) : node
  return sha256(jsonText(print(volume, whole, 'json')))
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
