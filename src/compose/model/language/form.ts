import type { Mapping, Node, Scalar as ScalarNode } from '../tree.ts'
import type { Printed, Target } from './print.ts'

/**
 * What may stand at a place of a Compose file. The tables beside this file are the language (compose-spec, schema/compose-spec.json):
 * how a key is checked, lengthened from its short forms, merged, typed and printed is told once, where it is declared.
 */
export type Form = Scalar | List | Names | Struct | Either | Kept | Anything

/** How a scalar is kept once it is typed. */
export type ScalarType = 'text' | 'flag' | 'integer' | 'number' | 'bytes' | 'duration' | 'mode' | 'count'

/** What YAML value it may be written as. */
export type Written = 'string' | 'integer' | 'number' | 'boolean' | 'null'

export interface Scalar {
  readonly kind: 'scalar'
  readonly type: ScalarType
  readonly written: readonly Written[]
  /** The only values that it may have. */
  readonly words?: readonly string[]
  readonly pattern?: RegExp
  readonly least?: number
  readonly most?: number
  /** What is no text becomes one at once, variables or not. */
  readonly asText?: true
  /** What kind of path it is, if one: relative ones start at the project's directory. */
  readonly path?: 'file' | 'context' | 'watched'
}

export interface List {
  readonly kind: 'list'
  readonly of: Form
  /** A bare scalar stands for a list of one. */
  readonly single?: true
  /** An item's long forms: a range of ports is several. */
  readonly lengthen?: (item: Node, where: string) => Node[]
  /** Another form of the whole list. */
  readonly convert?: (node: Node, where: string) => Node
  /** What an item is in the end, once files are merged. */
  readonly settled?: (item: Node) => Node[]
  /** What makes two items one thing, of which the later counts. */
  readonly same?: (item: Node) => string
  /** No item may be there twice. */
  readonly distinct?: true
  /** A later file's list takes the place of an earlier one's. */
  readonly replaced?: true
  /** The same, but an item is put over the earlier one that this says is the same. */
  readonly merged?: (item: Node) => string
  /** Printed in alphabetical order. */
  readonly sorted?: true
  /** Its short forms stay while variables are left in place; see `openedStruct`. */
  readonly late?: true
  /** One item with a variable left in place keeps all as they are written, those of later files too. */
  readonly together?: true
}

/** A mapping whose keys people choose. */
export interface Names {
  readonly kind: 'names'
  readonly of: Form
  readonly pattern?: RegExp
  /** The mapping that another form stands for, such as a list of `NAME=value`. */
  readonly convert?: (node: Node, where: string) => Node
  /** Whether a name without a value stays so (`null`: the caller's variable), has the empty text, or is a mapping without entries. */
  readonly bare?: 'kept' | 'empty' | 'mapping'
  /** Printed as a list of `NAME` or `NAME: VALUE`. */
  readonly listed?: true
  /** Its short forms stay while variables are left in place; see `openedStruct`. */
  readonly late?: true
}

export interface Struct {
  readonly kind: 'struct'
  readonly fields: Readonly<Record<string, Field>>
  readonly required?: readonly string[]
  /** The mapping that another form stands for. */
  readonly convert?: (node: Node, where: string) => Node
  /** Keys that start with `x-` are the person's own. */
  readonly closed?: true
  /** What is filled in where it isn't written. */
  readonly defaults?: (node: Mapping) => Readonly<Record<string, ScalarNode['value'] | undefined>>
  /** The same mapping with its paths, where that depends on what else is in it. */
  readonly place?: (node: Mapping, absolute: (path: string) => string) => Mapping
  /** What else is printed for it. */
  readonly short?: (printed: ReadonlyMap<string, Printed>, target: Target) => Printed
  /** A later file's mapping takes the place of an earlier one's, always or when this says so. */
  readonly replaced?: (base: Node, over: Node) => boolean
}

/** A number where a mapping may stand too. */
export interface Either {
  readonly kind: 'either'
  readonly scalar: Scalar
  readonly struct: Struct
}

/** What stays as it is written while variables are left in place. */
export interface Kept {
  readonly kind: 'kept'
  /** What it becomes later. */
  readonly of: List | Names
}

/** Something that Galley doesn't look into. */
export interface Anything {
  readonly kind: 'any'
}

export interface Field {
  readonly form: Form
  /**
   * When it is printed although it is zero, false or empty: once it is written, always, in one format always, or (commands) once it is
   * written and else as `null` in JSON.
   */
  readonly kept?: 'written' | 'always' | 'always in JSON' | 'always in YAML' | 'written, null in JSON'
  /** Its name in JSON, where that is another. */
  readonly json?: string
}

export const text = scalar('text', 'string')
export const textOrNumber = scalar('text', 'string', 'number')
export const flag = scalar('flag', 'boolean', 'string')
export const integer = scalar('integer', 'integer', 'string')
export const number = scalar('number', 'number', 'string')
export const bytes = scalar('bytes', 'number', 'string')
export const duration = scalar('duration', 'string')

/** A path of the caller's. */
export const file: Scalar = { ...text, path: 'file' }

export function scalar(type: ScalarType, ...written: Written[]): Scalar {
  return { kind: 'scalar', type, written }
}

export function words(...allowed: string[]): Scalar {
  return { ...text, words: allowed }
}

export function list(of: Form, more: Partial<Omit<List, 'kind' | 'of'>> = {}): List {
  return { kind: 'list', of, ...more }
}

export function names(of: Form, more: Partial<Omit<Names, 'kind' | 'of'>> = {}): Names {
  return { kind: 'names', of, ...more }
}

export function struct(fields: Readonly<Record<string, Form | Field>>, more: Partial<Omit<Struct, 'kind' | 'fields'>> = {}): Struct {
  const full = Object.entries(fields).map(([key, value]) => [key, 'form' in value ? value : { form: value }] as const)
  return { kind: 'struct', fields: Object.fromEntries(full), ...more }
}

export function written(form: Form): Field {
  return { form, kept: 'written' }
}
