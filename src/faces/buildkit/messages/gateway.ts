import { bytes, flag, int, map, message, repeated, text, texts } from '../wire/fields.ts'
import { rpcStatus } from '../grpc/status.ts'
import { capability, definition, definitions, worker } from './ops.ts'
import { stat } from './session.ts'

/** `moby.buildkit.v1.frontend.*`: messages of the LLBBridge service, through which a client leads its own build. */

export const pongResponse = {
  frontendCapabilities: repeated(message(1, capability)),
  definitionCapabilities: repeated(message(2, capability)),
  workers: repeated(message(3, worker)),
}

const reference = { id: text(1), definition: message(2, definition) }
const references = { refs: map(1, message(2, reference)) }
const result = { ref: message(3, reference), refs: message(4, references), metadata: map(10, bytes(2)) }

export const gatewaySolveRequest = {
  definition: message(1, definition),
  frontend: text(2),
  frontendOptions: texts(3),
  frontendInputs: definitions(13),
  evaluate: flag(14),
}
export const gatewaySolveResponse = { ref: text(1), result: message(3, result) }

export const returnRequest = { result: message(1, result), error: message(2, rpcStatus) }

const fileRange = { offset: int(1), length: int(2) }
export const readFileRequest = { ref: text(1), path: text(2), range: message(3, fileRange) }
export const readFileResponse = { data: bytes(1) }
export const statFileRequest = { ref: text(1), path: text(2) }
export const statFileResponse = { stat: message(1, stat) }
export const evaluateRequest = { ref: text(1) }
export const inputsResponse = { definitions: definitions(1) }
