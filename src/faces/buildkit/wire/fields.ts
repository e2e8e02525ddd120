import { decode, write, type Given, type Message, type Shape } from './message.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/**
 * One field of a message: how it is read and written. `Out` is what a decoded message has, `In` what an encoded one may be
 * given. As in proto3, a field that is absent and one that has its zero value are the same.
 */
export interface Field<Out, In = Out> {
  readonly number: number
  readonly wireType: number
  /** A new zero value. */
  zero(): Out
  /** Whether a value is left out when it is written. */
  absent(value: In): boolean
  write(writer: Writer, value: In): void
  /** The value after one more occurrence of the field. */
  read(reader: Reader, before: Out): Out
  /** Set for what may occur any number of times: writes each occurrence, with its key. */
  readonly writeAll?: (writer: Writer, value: In) => void
}

/** One empty value for every message that lacks the field: contexts come in tens of thousands of messages. */
const noBytes = Buffer.alloc(0)
const noMap: ReadonlyMap<string, never> = new Map<string, never>()

const varintType = 0
const blockType = 2

/** `string` */
export const text = (number: number): Field<string> => ({
  number,
  wireType: blockType,
  zero: () => '',
  absent: (value) => value === '',
  write: (writer, value) => writer.text(value),
  read: (reader) => reader.block().toString('utf8'),
})

/** `bytes` */
export const bytes = (number: number): Field<Buffer> => ({
  number,
  wireType: blockType,
  zero: () => noBytes,
  absent: (value) => value.length === 0,
  write: (writer, value) => writer.block(value),
  read: (reader) => reader.block(),
})

/** `bool` */
export const flag = (number: number): Field<boolean> => ({
  number,
  wireType: varintType,
  zero: () => false,
  absent: (value) => !value,
  write: (writer, value) => writer.number(value ? 1 : 0),
  read: (reader) => reader.number() !== 0,
})

/** `int32`, `uint32`, enumerations, and an `int64` that holds no more than 2^53. */
export const int = (number: number): Field<number> => ({
  number,
  wireType: varintType,
  zero: () => 0,
  absent: (value) => value === 0,
  write: (writer, value) => writer.number(value),
  read: (reader) => reader.number(),
})

/** `int64` in full, as times in nanoseconds need it. */
export const long = (number: number): Field<bigint> => ({
  number,
  wireType: varintType,
  zero: () => 0n,
  absent: (value) => value === 0n,
  write: (writer, value) => writer.varint(value),
  read: (reader) => BigInt.asIntN(64, reader.varint()),
})

/** A message inside another; undefined when it is absent. */
export const message = <S extends Shape>(number: number, shape: S): Field<Message<S> | undefined, Given<S> | undefined> => ({
  number,
  wireType: blockType,
  zero: () => undefined,
  absent: (value) => value === undefined,
  write: (writer, value) => writer.nested((inner) => write(inner, shape, value ?? {})),
  read: (reader) => decode(shape, reader.block()),
})

/** `repeated` texts, bytes or messages. */
export const repeated = <Out, In>(field: Field<Out, In>): Field<Exclude<Out, undefined>[], readonly Exclude<In, undefined>[]> => ({
  number: field.number,
  wireType: field.wireType,
  zero: () => [],
  absent: (value) => value.length === 0,
  write: () => undefined,
  writeAll: (writer, values) => {
    for (const value of values) {
      writer.key(field.number, field.wireType)
      field.write(writer, value)
    }
  },
  read: (reader, before) => {
    before.push(field.read(reader, field.zero()) as Exclude<Out, undefined>)
    return before
  },
})

/** `map<string, …>` with `entry` as the field of its values (number 2). */
export const map = <Out, In>(number: number, entry: Field<Out, In>): Field<ReadonlyMap<string, Out>, ReadonlyMap<string, In>> => {
  const shape = { key: text(1), value: entry }
  return {
    number,
    wireType: blockType,
    zero: () => noMap,
    absent: (value) => value.size === 0,
    write: () => undefined,
    writeAll: (writer, values) => {
      for (const [key, value] of values) {
        writer.key(number, blockType)
        writer.nested((inner) => write(inner, shape, { key, value } as Given<typeof shape>))
      }
    },
    read: (reader, before) => {
      const { key, value } = decode(shape, reader.block())
      // Only this reader has seen the map that it made for the first entry.
      const grown = before === noMap ? new Map<string, Out>() : (before as Map<string, Out>)
      return grown.set(key, value as Out)
    },
  }
}

/** `map<string, string>` */
export const texts = (number: number): Field<ReadonlyMap<string, string>> => map(number, text(2))
