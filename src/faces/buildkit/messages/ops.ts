import { bytes, flag, int, map, message, repeated, text, texts } from '../wire/fields.ts'

/** `pb.*`: the parts of a low-level definition that clients send, and of places in a file that they show. */

const platform = { architecture: text(1), os: text(2), variant: text(3), osVersion: text(4) }

export const definition = { ops: repeated(bytes(1)), metadata: map(2, message(2, {})) }

const input = { digest: text(1), index: int(2) }
const sourceOp = { identifier: text(1), attributes: texts(2) }
const copyAction = { source: text(1), destination: text(2), contentOnly: flag(6), unpacks: flag(7) }
const fileOp = { actions: repeated(message(2, { copy: message(4, copyAction) })) }
export const op = {
  inputs: repeated(message(1, input)),
  source: message(3, sourceOp),
  file: message(4, fileOp),
  platform: message(10, platform),
}

const position = { line: int(1), character: int(2) }
export const range = { start: message(1, position), end: message(2, position) }
export const sourceInfo = { filename: text(1), data: bytes(2), language: text(4) }

export const capability = { id: text(1), enabled: flag(2) }

const version = { package: text(1), version: text(2), revision: text(3), dockerfile: text(4) }
export const worker = {
  id: text(1),
  labels: texts(2),
  platforms: repeated(message(3, platform)),
  version: message(5, version),
}
export const buildkitVersion = version

export const definitions = (number: number) => map(number, message(2, definition))
