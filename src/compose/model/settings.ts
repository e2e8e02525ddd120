import { entriesOf } from './decode.ts'
import type { Setting } from './model.ts'
import { listedValues } from './open-values.ts'
import { fieldIn, isNull, mapValues, plainText, scalar, withEachOf, withField, type Mapping, type Node } from './tree.ts'
import type { Variables } from './variables.ts'

/** Variables with values; one that the caller has none for is left out. */
export function decodeSettings(node: Node | undefined, what: string): Record<string, Setting> {
  const settings = [...entriesOf(node, what)].flatMap(([name, { value }]): [string, Setting][] => {
    if (isNull(value)) return []
    // Line 0 is what an env file says, which has no place in a Compose file.
    return [[name, { value: plainText(value), ...(value.at.line > 0 && { at: value.at }) }]]
  })
  return Object.fromEntries(settings)
}

/** The variables that are named, and that the caller has no value for: a container is to have none, whatever its image says. */
export function unsetIn(node: Node | undefined, what: string): string[] {
  return [...entriesOf(node, what)].flatMap(([name, { value }]) => (isNull(value) ? [name] : []))
}

/** As `decodeSettings`, without their places. */
export function decodeVariables(node: Node | undefined, what: string): Record<string, string> {
  return Object.fromEntries(Object.entries(decodeSettings(node, what)).map(([name, { value }]) => [name, value]))
}

/** The same document with the values that its bare variables, and its secrets and configs, have where it is read. */
export function withCallersValues(document: Mapping, variables: Variables): Mapping {
  const withServices = withEachOf(document, 'services', (service) => withAgent(withValues(service, 'environment', variables), variables))
  return ['secrets', 'configs'].reduce((to, section) => withEachOf(to, section, (object) => withContent(object, variables)), withServices)
}

/** A mapping's bare names with the caller's values, where there are any; those of a list that was left one, too. */
export function withValues(mapping: Mapping, key: string, variables: Variables): Mapping {
  const settings = fieldIn(mapping, key)
  if (settings?.kind === 'sequence') return withField(mapping, key, listedValues(settings, variables))
  if (settings?.kind !== 'mapping') return mapping
  const change = (value: Node, name: string): Node => {
    const found = isNull(value) ? variables[name] : undefined
    return found === undefined ? value : scalar(found, value.at)
  }
  return withField(mapping, key, mapValues(settings, change))
}

/** A build's `ssh: default` is the caller's agent. */
function withAgent(service: Mapping, variables: Variables): Mapping {
  const [build, socket] = [fieldIn(service, 'build'), variables['SSH_AUTH_SOCK']]
  const agents = fieldIn(build, 'ssh')
  if (build?.kind !== 'mapping' || agents?.kind !== 'mapping' || socket === undefined) return service
  const filled = mapValues(agents, (path, id) => (id === 'default' && isNull(path) ? scalar(socket, path.at) : path))
  return withField(service, 'build', withField(build, 'ssh', filled))
}

/** Under a key that no file can have. */
export const content = '#content'

function withContent(object: Mapping, variables: Variables): Mapping {
  const variable = fieldIn(object, 'environment')
  const value = variable === undefined ? undefined : variables[plainText(variable)]
  if (value === undefined || object.entries.has(content)) return object
  return withField(object, content, scalar(value, object.at))
}
