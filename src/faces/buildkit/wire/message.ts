import type { Field } from './fields.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** A message type: its fields by name. Fields that a message has beside these are passed over. */
export type Shape = Readonly<Record<string, Field<unknown, never>>>

/** A decoded message: every field is there. */
export type Message<S extends Shape> = { -readonly [K in keyof S]: S[K] extends Field<infer Out, never> ? Out : never }

/** What an encoded message may be given. */
export type Given<S extends Shape> = { readonly [K in keyof S]?: S[K] extends Field<unknown, infer In> ? In : never }

export function encode<S extends Shape>(shape: S, given: Given<S>): Buffer {
  const writer = new Writer()
  write(writer, shape, given)
  return writer.finish()
}

/** As `encode`, into a message around it. */
export function write<S extends Shape>(writer: Writer, shape: S, given: Given<S>): void {
  for (const [name, field] of prepare(shape).fields) {
    // Each value belongs to the field beside it, which the type of a loop over both can't say.
    const value = given[name] as never
    if (value === undefined || field.absent(value)) continue
    if (field.writeAll !== undefined) field.writeAll(writer, value)
    else {
      writer.key(field.number, field.wireType)
      field.write(writer, value)
    }
  }
}

type AnyField = Field<unknown>

/** A shape, prepared once: contexts come in tens of thousands of messages. */
interface Prepared {
  readonly fields: readonly (readonly [name: string, field: AnyField])[]
  readonly byNumber: readonly (readonly [name: string, field: AnyField] | undefined)[]
}

const prepared = new WeakMap<Shape, Prepared>()

function prepare(shape: Shape): Prepared {
  const known = prepared.get(shape)
  if (known !== undefined) return known
  const fields = Object.entries(shape) as unknown as [string, AnyField][]
  const byNumber: [string, AnyField][] = []
  for (const entry of fields) byNumber[entry[1].number] = entry
  const made = { fields, byNumber }
  prepared.set(shape, made)
  return made
}

/** Throws `invalid` for what is no message of this shape. */
export function decode<S extends Shape>(shape: S, bytes: Buffer): Message<S> {
  const { fields, byNumber } = prepare(shape)
  const values: Record<string, unknown> = {}
  for (const [name, field] of fields) values[name] = field.zero()
  const reader = new Reader(bytes)
  while (!reader.done) {
    const { number, wireType } = reader.key()
    const found = byNumber[number]
    if (found === undefined || found[1].wireType !== wireType) reader.skip(wireType)
    else values[found[0]] = found[1].read(reader, values[found[0]])
  }
  return values as Message<S>
}
