import { adviceWith, GalleyError, kindOf, type ErrorKind } from '#base/error.ts'
import { bytes, int, message, repeated, text } from '../wire/fields.ts'
import { encode } from '../wire/message.ts'

/** gRPC's numbers of what can go wrong (gRPC, "Status codes"). */
const codes = {
  invalid: 3,
  unauthenticated: 16,
  forbidden: 7,
  'not found': 5,
  'already exists': 6,
  conflict: 9,
  unchanged: 6,
  expired: 9,
  'too large': 8,
  throttled: 8,
  unavailable: 14,
  timeout: 4,
  'not implemented': 12,
  internal: 2,
} as const satisfies Record<ErrorKind, number>

export const ok = 0
export const canceled = 1

const kinds = new Map<number, ErrorKind>([
  [3, 'invalid'],
  [4, 'timeout'],
  [5, 'not found'],
  [6, 'already exists'],
  [7, 'forbidden'],
  [8, 'throttled'],
  [12, 'not implemented'],
  [14, 'unavailable'],
  [16, 'unauthenticated'],
])

/** A part of an error that programs read: a type's name and its value. */
export interface Detail {
  readonly type: string
  readonly value: Buffer
}

/** A detail as BuildKit's clients read it: JSON, although the envelope is protobuf. */
export function jsonDetail(type: string, value: unknown): Detail {
  return { type, value: Buffer.from(JSON.stringify(value)) }
}

/** gRPC's code for what is no fault of the call: clients show the message alone. */
export const unknown = 2

/** A failure whose status is known exactly. */
export class StatusError extends GalleyError {
  readonly rpcCode: number
  readonly details: readonly Detail[]

  constructor(message: string, status: { readonly code: number; readonly details: readonly Detail[]; readonly cause?: unknown }) {
    super(kindOfCode(status.code), message, { cause: status.cause })
    this.rpcCode = status.code
    this.details = status.details
  }
}

const any = { type: text(1), value: bytes(2) }
/** `google.rpc.Status` */
export const rpcStatus = { code: int(1), message: text(2), details: repeated(message(3, any)) }

/** The trailers that tell how a call ended. */
export function trailersOf(error: unknown): Record<string, string> {
  const what = adviceWith(error)
  const { rpcCode: code, details } = error instanceof StatusError ? error : { rpcCode: codes[kindOf(error)], details: [] }
  const trailers = { 'grpc-status': String(code), 'grpc-message': percentEncoded(what) }
  if (details.length === 0) return trailers
  const status = encode(rpcStatus, { code, message: what, details })
  return { ...trailers, 'grpc-status-details-bin': status.toString('base64').replace(/=+$/, '') }
}

/** What a failed call means, by its trailers. */
export function errorOf(code: number, encoded: string): GalleyError {
  return new GalleyError(kindOfCode(code), percentDecoded(encoded) || `gRPC status ${code}`)
}

/** The nearest of this project's kinds; clients tell `unknown` for most of their own failures. */
function kindOfCode(code: number): ErrorKind {
  return kinds.get(code) ?? 'internal'
}

/** gRPC, "Responses": only bytes that are printable ASCII, and no percent sign, go through as they are. */
function percentEncoded(what: string): string {
  return [...Buffer.from(what)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
}

function percentDecoded(encoded: string): string {
  const plain = encoded.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(plain, 'latin1').toString('utf8')
}
