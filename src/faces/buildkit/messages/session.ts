import { bytes, int, long, map, message, text } from '../wire/fields.ts'

/** Messages of the services that a client offers to its build: files, secrets, credentials and agents. */

/** `fsutil.types.Stat`; `mode` has Go's bits (io/fs, FileMode), `modified` is in nanoseconds. */
export const stat = {
  path: text(1),
  mode: int(2),
  uid: int(3),
  gid: int(4),
  size: int(5),
  modified: long(6),
  link: text(7),
  deviceMajor: int(8),
  deviceMinor: int(9),
  attributes: map(10, bytes(2)),
}

/** `fsutil.types.Packet` */
export const packet = { type: int(1), stat: message(2, stat), id: int(3), data: bytes(4) }

/** Of several services: a piece of a stream. */
export const bytesMessage = { data: bytes(1) }

export const credentialsRequest = { host: text(1) }
export const credentialsResponse = { username: text(1), secret: text(2) }

export const getSecretRequest = { id: text(1) }
export const getSecretResponse = { data: bytes(1) }

export const checkAgentRequest = { id: text(1) }

/** `containerd.services.content.v1.*`: blobs by digest that a client keeps. */
export const readContentRequest = { digest: text(1), offset: int(2), size: int(3) }
export const readContentResponse = { offset: int(1), data: bytes(2) }
export const contentInfoRequest = { digest: text(1) }
export const contentInfoResponse = { info: message(1, { digest: text(1), size: int(2) }) }
export const writeContentRequest = { action: int(1), ref: text(2), total: int(3), expected: text(4), offset: int(5), data: bytes(6) }
export const writeContentResponse = { action: int(1), offset: int(4), total: int(5), digest: text(6) }
