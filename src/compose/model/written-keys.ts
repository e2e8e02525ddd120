import { document } from './language/document.ts'
import type { Form } from './language/form.ts'
import type { WrittenKey } from './model.ts'
import { isNull, type Node } from './tree.ts'

/** Every key of the specification that a canonical document uses; what people name themselves is `*`. */
export function writtenKeys(node: Node): WrittenKey[] {
  return [...keysIn(document, node, { key: '', path: '' })]
}

function* keysIn(form: Form, node: Node, above: Pick<WrittenKey, 'key' | 'path'>): Generator<WrittenKey> {
  if (form.kind === 'list' && node.kind === 'sequence') for (const item of node.items) yield* keysIn(form.of, item, above)
  if (form.kind === 'either') yield* keysIn(form.struct, node, above)
  if (node.kind !== 'mapping') return
  if (form.kind === 'names' && form.of.kind !== 'scalar')
    for (const [name, { value }] of node.entries) yield* keysIn(form.of, value, below(above, '*', name))
  if (form.kind !== 'struct') return
  for (const [name, { at, value }] of node.entries) {
    const field = form.fields[name]
    if (field === undefined || isNull(value)) continue
    const here = below(above, name, name)
    yield { ...here, at }
    yield* keysIn(field.form, value, here)
  }
}

function below({ key, path }: Pick<WrittenKey, 'key' | 'path'>, pattern: string, name: string): Pick<WrittenKey, 'key' | 'path'> {
  return key === '' ? { key: pattern, path: name } : { key: `${key}.${pattern}`, path: `${path}.${name}` }
}
