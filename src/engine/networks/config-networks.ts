import { GalleyError } from '#base/error.ts'
import type { Network, NetworkWishes } from './model.ts'

/**
 * Networks that are none, but hold what others are made from (`docker network create --config-only`, `--config-from`), as moby's
 * libnetwork has them. What follows the operator, such as `internal`, stays with the network that is made.
 */

/** Checks what is wished of a network that holds a configuration. Throws `forbidden`. */
export function checkConfigOnly({ internal, attachable, configFrom }: NetworkWishes): void {
  if (internal === true || attachable === true)
    throw forbidden(
      'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
    )
  if (configFrom !== undefined) throw forbidden('a configuration network cannot depend on another configuration network')
}

/** The wishes with those of the configuration that they name. Throws `not found`, `forbidden` for those that say themselves what it says. */
export function withConfig(wishes: NetworkWishes, networks: readonly Network[]): NetworkWishes {
  const { name, driver, internal, attachable, configFrom, labels = {}, options = {}, ...own } = wishes
  if (configFrom === undefined) return wishes
  const isSet = (value: unknown): boolean => typeof value !== 'object' || Object.keys(value ?? {}).length > 0
  if (Object.keys(labels).length > 0 || Object.values(own).some(isSet) || own.ipv6 !== undefined)
    throw forbidden('user-specified configurations are not supported if the network depends on a configuration network')
  if (Object.keys(options).length > 0)
    throw forbidden('network driver options are not supported if the network depends on a configuration network')
  const config = networks.find((network) => network.name === configFrom)?.config
  if (config === undefined)
    throw new GalleyError('not found', `configuration network "${configFrom}" does not exist`, { subject: configFrom })
  return {
    ...config,
    name,
    configFrom,
    ...(driver !== undefined && { driver }),
    ...(internal !== undefined && { internal }),
    ...(attachable !== undefined && { attachable }),
  }
}

/** Throws `forbidden` for a configuration from which networks were made. */
export function checkUnused({ name, config }: Network, networks: readonly Network[]): void {
  if (config !== undefined && networks.some(({ configFrom }) => configFrom === name))
    throw forbidden(`configuration network "${name}" is in use`, name)
}

function forbidden(message: string, subject?: string): GalleyError {
  return new GalleyError('forbidden', message, subject === undefined ? {} : { subject })
}
