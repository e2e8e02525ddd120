import { fieldIn, plainText, scalar, withEachOf, withField, type Mapping, type Node, type Sequence } from './tree.ts'
import type { Variables } from './variables.ts'

/**
 * A document whose variables stay in place with what the caller has for bare names in lists of `environment`, and for secrets and configs
 * that are variables: Docker Compose fills these in anyway.
 */
export function withOpenValues(document: Mapping, variables: Variables): Mapping {
  const valueOf = (object: Mapping): string | undefined => variables[plainText(fieldIn(object, 'environment'))]
  const steps: readonly [string, (object: Mapping) => Mapping][] = [
    ['services', (service) => withListedValues(service, variables)],
    ['secrets', (secret) => withText(secret, 'x-#value', valueOf(secret))],
    ['configs', (config) => withText(config, 'content', valueOf(config))],
  ]
  return steps.reduce((to, [section, change]) => withEachOf(to, section, change), document)
}

function withListedValues(service: Mapping, variables: Variables): Mapping {
  const list = fieldIn(service, 'environment')
  return list?.kind === 'sequence' ? withField(service, 'environment', listedValues(list, variables)) : service
}

/** A list with the caller's values for bare names. */
export function listedValues(list: Sequence, variables: Variables): Sequence {
  return { ...list, items: list.items.map((item) => listedValue(item, variables)) }
}

function listedValue(item: Node, variables: Variables): Node {
  const name = plainText(item)
  const value = name.includes('=') ? undefined : variables[name]
  return value === undefined ? item : scalar(`${name}=${value}`, item.at)
}

function withText(object: Mapping, key: string, value: string | undefined): Mapping {
  return value === undefined ? object : withField(object, key, scalar(value, object.at))
}
