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
  for (const [name, field] of Object.entries(shape)) {
    // Each value belongs to the field beside it, which the type of a loop over both can't say.
    const value = given[name] as never
    if (value === undefined || field.absent(value)) continue
    for (const write of field.each?.(value) ?? [(each: Writer) => field.write(each, value)]) {
      writer.key(field.number, field.wireType)
      write(writer)
    }
  }
  return writer.finish()
}

/** Throws `invalid` for what is no message of this shape. */
export function decode<S extends Shape>(shape: S, bytes: Buffer): Message<S> {
  const byNumber = new Map(Object.entries(shape).map(([name, field]) => [field.number, { name, field }]))
  const values: Record<string, unknown> = Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, field.zero()]))
  const reader = new Reader(bytes)
  while (!reader.done) {
    const { number, wireType } = reader.key()
    const found = byNumber.get(number)
    if (found === undefined || found.field.wireType !== wireType) reader.skip(wireType)
    else values[found.name] = (found.field as Field<unknown>).read(reader, values[found.name])
  }
  return values as Message<S>
}
