import { isNull, mapValues, scalar, withField, type Mapping, type Node } from '../tree.ts'
import type { Form, Struct } from './form.ts'

/** A merged, canonical part with what is filled in where it isn't written. */
export function withDefaults(form: Form, node: Node): Node {
  if (form.kind === 'list' && node.kind === 'sequence') return { ...node, items: node.items.map((item) => withDefaults(form.of, item)) }
  if (node.kind !== 'mapping') return node
  if (form.kind === 'names') return mapValues(node, (value) => withDefaults(form.of, value))
  return form.kind === 'struct' ? filled(form, node) : node
}

function filled(form: Struct, node: Mapping): Mapping {
  const inner = mapValues(node, (value, key) => {
    const field = Object.hasOwn(form.fields, key) ? form.fields[key] : undefined
    return field === undefined ? value : withDefaults(field.form, value)
  })
  return Object.entries(form.defaults?.(inner) ?? {}).reduce(
    (to, [key, value]) => (value === undefined || !isNull(to.entries.get(key)?.value) ? to : withField(to, key, scalar(value, node.at))),
    inner,
  )
}
