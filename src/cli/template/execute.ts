import { functions, isTrue, printed, type Value } from './functions.ts'
import type { Operand, Part, Pipeline } from './parse.ts'
import { templateError } from './tokens.ts'

type Functions = Readonly<Record<string, (...args: readonly Value[]) => Value>>

/** What is declared further out can be given another value inside. */
interface Variable {
  value: Value
}

interface Scope {
  readonly dot: Value
  /** `$` is what the whole is about. */
  readonly variables: Map<string, Variable>
  /** Instead of those of the same names. */
  readonly own: Functions
  /** Whether a field that isn't there has no value, instead of being a mistake. */
  readonly lenient: boolean
}

/** Fills a template in. Throws `invalid` for a field or a function that there isn't. */
export function execute(
  parts: readonly Part[],
  data: Value,
  { own = {}, lenient = false }: Partial<Pick<Scope, 'own' | 'lenient'>> = {},
): string {
  return run(parts, { dot: data, variables: new Map([['$', { value: data }]]), own, lenient })
}

function run(parts: readonly Part[], scope: Scope): string {
  return parts.map((part) => runOne(part, scope)).join('')
}

function runOne(part: Part, scope: Scope): string {
  if (part.kind === 'text') return part.text
  const inner: Scope = part.kind === 'print' ? scope : { ...scope, variables: new Map(scope.variables) }
  const value = evaluate(part.pipeline, inner)
  if (part.kind === 'print') {
    assign(part.pipeline, [value], scope)
    return part.pipeline.names.length > 0 ? '' : printed(value)
  }
  if (part.kind === 'range') return runRange(part, value, inner)
  assign(part.pipeline, [value], inner)
  if (!isTrue(value)) return run(part.otherwise, inner)
  return run(part.body, part.kind === 'with' ? { ...inner, dot: value } : inner)
}

function runRange({ pipeline, body, otherwise }: Extract<Part, { readonly body: unknown }>, value: Value, scope: Scope): string {
  const entries = entriesOf(value)
  if (entries.length === 0) return run(otherwise, scope)
  return entries
    .map(([key, item]) => {
      const inner = { ...scope, dot: item, variables: new Map(scope.variables) }
      assign(pipeline, pipeline.names.length === 2 ? [key, item] : [item], inner)
      return run(body, inner)
    })
    .join('')
}

function entriesOf(value: Value): readonly (readonly [Value, Value])[] {
  if (value === undefined) return []
  if (typeof value === 'number') return Array.from({ length: value }, (_, at) => [at, at] as const)
  if (typeof value !== 'object') throw templateError(`range can't iterate over ${printed(value)}`)
  return Array.isArray(value) ? [...(value as readonly Value[]).entries()] : Object.entries(value)
}

function assign({ names, declares }: Pipeline, values: readonly Value[], { variables }: Scope): void {
  for (const [at, name] of names.entries()) {
    if (declares) variables.set(name, { value: values[at] })
    else variable(name, variables).value = values[at]
  }
}

function variable(name: string, variables: Scope['variables']): Variable {
  const found = variables.get(name)
  if (found === undefined) throw templateError(`undefined variable "${name}"`)
  return found
}

function evaluate({ commands }: Pipeline, scope: Scope): Value {
  let last: readonly Value[] = []
  for (const command of commands) last = [call(command, last, scope)]
  return last[0]
}

/** A command: a function or method with arguments, or a value by itself. `last` is what the pipeline has so far. */
function call([first, ...rest]: readonly Operand[], last: readonly Value[], scope: Scope): Value {
  const args = [...rest.map((operand) => valueOf(operand, scope)), ...last]
  if (first?.kind === 'name') {
    const task = functionOf(first.name, scope)
    return task(...args)
  }
  const value = first === undefined ? undefined : valueOf(first, scope, args)
  if (args.length > 0 && !(first?.kind === 'field' || first?.kind === 'variable'))
    throw templateError(`can't give argument to non-function ${printed(value)}`)
  return value
}

function functionOf(name: string, { own }: Scope): Functions[string] {
  const task = Object.hasOwn(own, name) ? own[name] : Object.hasOwn(functions, name) ? functions[name] : undefined
  if (task === undefined) throw templateError(`function "${name}" not defined`)
  return task
}

function valueOf(operand: Operand, scope: Scope, args: readonly Value[] = []): Value {
  switch (operand.kind) {
    case 'value':
      return operand.value
    case 'pipeline':
      return evaluate(operand.pipeline, scope)
    case 'name':
      return functionOf(operand.name, scope)()
    case 'field':
      return fieldsOf(scope.dot, operand.path, { args, lenient: scope.lenient })
    case 'variable':
      return fieldsOf(variable(operand.name, scope.variables).value, operand.path, { args, lenient: scope.lenient })
  }
}

function fieldsOf(
  value: Value,
  path: readonly string[],
  { args, lenient }: { readonly args: readonly Value[]; readonly lenient: boolean },
): Value {
  return path.reduce((inner, name, at) => {
    if (lenient && (typeof inner !== 'object' || !Object.hasOwn(inner, name))) return undefined
    if (typeof inner !== 'object' || !Object.hasOwn(inner, name)) throw templateError(`can't evaluate field ${name}`)
    const field = (inner as Readonly<Record<string, Value>>)[name]
    const given = at === path.length - 1 ? args : []
    if (typeof field === 'function') return field(...given)
    if (given.length > 0) throw templateError(`${name} has arguments but cannot be invoked as function`)
    return field
  }, value)
}
