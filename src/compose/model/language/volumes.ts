import { invalidAt, type Node } from '../tree.ts'
import { cleanPath } from './places.ts'
import { fields } from './short-forms.ts'

const propagations: ReadonlySet<string> = new Set(['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'])
const modes: ReadonlySet<string> = new Set([...propagations, 'ro', 'rw', 'z', 'Z', 'nocopy', 'consistent', 'cached', 'delegated'])

/** One entry of `volumes` in its long form. Throws `invalid`. */
export function asMount(item: Node): Node[] {
  if (item.kind !== 'scalar' || typeof item.value !== 'string') return [item]
  const text = item.value
  const parts = partsOf(text)
  const [first = '', second, modes = '', ...rest] = parts
  const [source, target] = second === undefined ? ['', first] : [first, second]
  if (rest.length > 0 || parts.includes(''))
    throw invalidAt(item.at, `invalid volume "${text}"`, 'Write it as SOURCE:/TARGET or SOURCE:/TARGET:ro.')
  return [long(item, { source, target: cleanPath(target), options: modes.split(',') })]
}

/** Options behind a short form's target that are none. */
export function unknownModes(item: Node): string[] {
  if (item.kind !== 'scalar' || typeof item.value !== 'string') return []
  const [, , options = ''] = partsOf(item.value)
  return options.split(',').filter((option) => option !== '' && !modes.has(option) && !option.includes('$'))
}

/** What colons part; those within a variable that was left in place don't. */
function partsOf(text: string): string[] {
  const parts = ['']
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith('${', at)) depth++
    else if (text[at] === '}' && depth > 0) depth--
    if (text[at] === ':' && depth === 0) parts.push('')
    else parts.push((parts.pop() ?? '') + (text[at] ?? ''))
  }
  return parts
}

interface Short {
  readonly source: string
  readonly target: string
  readonly options: readonly string[]
}

/** A path is bound, anything else is a volume's name. Options that mean nothing are left out, as everywhere in Compose. */
function long({ at }: Node, { source, target, options }: Short): Node {
  const bind = /^[./~]/.test(source)
  const last = (wanted: (option: string) => boolean): string | undefined => options.findLast(wanted)
  const selinux = last((option) => option === 'z' || option === 'Z')
  const propagation = last((option) => propagations.has(option))
  const nocopy = options.includes('nocopy')
  const bound = bind || selinux !== undefined || propagation !== undefined
  return fields(at, {
    type: bind ? 'bind' : 'volume',
    source: source === '' ? undefined : source,
    target,
    read_only: last((option) => option === 'ro' || option === 'rw') === 'ro' ? true : undefined,
    bind: bound ? fields(at, { selinux, propagation, create_host_path: bind ? true : undefined }) : undefined,
    volume: nocopy || !bind ? fields(at, { nocopy: nocopy ? true : undefined }) : undefined,
  })
}
