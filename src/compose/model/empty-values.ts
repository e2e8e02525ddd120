import type { Form } from './language/form.ts'
import { invalidAt, isNull, isOpen, type Node } from './tree.ts'

/** Keys that may stand without a value, as the specification's schema has it; names that people choose are `*`. */
const mayBeEmpty: ReadonlySet<string> = new Set([
  'include',
  'services.*.command',
  'services.*.entrypoint',
  'services.*.deploy',
  'services.*.develop',
  'services.*.pid',
])

/** Of names that people choose, those that need a value; others stand for what is usual, or for the caller's variable. */
const needsValue: ReadonlySet<string> = new Set(['services.*.depends_on.*', 'services.*.ulimits.*'])

/**
 * Refuses a key without a value, below which all may be commented out: Docker Compose does so too, once files are merged. `where` is such as
 * `services.app`, `pattern` the same with `*` for names. Throws `invalid` with the place.
 */
export function refuseEmpty(form: Form, node: Node, where = '', pattern = ''): void {
  if (isNull(node) || isOpen(node)) return
  if (form.kind === 'either') {
    if (node.kind === 'mapping') refuseEmpty(form.struct, node, where, pattern)
  } else if (form.kind === 'kept') refuseEmpty(form.of, node, where, pattern)
  else if (form.kind === 'list' && node.kind === 'sequence')
    node.items.forEach((item, index) => refuseEmpty(form.of, item, `${where}.${index}`, `${pattern}.*`))
  else if (node.kind === 'mapping' && (form.kind === 'struct' || form.kind === 'names')) {
    for (const [key, { at, value }] of node.entries) {
      const isName = form.kind === 'names'
      const of = isName ? form.of : form.fields[key]?.form
      const [place, kind] = [below(where, key), below(pattern, isName ? '*' : key)]
      if (of === undefined) continue
      const isRefused = isName ? needsValue.has(kind) : !mayBeEmpty.has(kind)
      if (isNull(value) && isRefused) throw invalidAt(at, `${place} has no value`, 'Write something below it, or take the line away.')
      refuseEmpty(of, value, place, kind)
    }
  }
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
