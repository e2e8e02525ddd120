import type { Field, Form, Kept, List, Names, Struct } from './form.ts'

/**
 * The same form for files whose variables stay in place. Docker Compose lengthens only a part of the short forms before it knows what
 * variables stand for; the others stay as they are written, in either form, and only lists of both files can be put together.
 */
function opened(form: Form): Form {
  switch (form.kind) {
    case 'list':
      return form.late === true ? kept(form) : { ...form, of: opened(form.of) }
    case 'names':
      return form.late === true ? kept(form) : { ...form, of: opened(form.of) }
    case 'struct':
      return openedStruct(form)
    default:
      return form
  }
}

export function openedStruct(form: Struct): Struct {
  const fields = Object.entries(form.fields).map(([key, field]): [string, Field] => [key, { ...field, form: opened(field.form) }])
  return { ...form, fields: Object.fromEntries(fields) }
}

function kept(of: List | Names): Kept {
  return { kind: 'kept', of }
}
