import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Server as TlsServer, ServerOptions } from 'node:https'
import { GalleyError, reasonOf } from '#base/error.ts'
import { http, https } from '#base/http.ts'

/** Milliseconds. Bodies and answers take as long as they take; without a word on the headers, Node would wait for those forever too. */
const patience = { keepAliveTimeout: 60_000, requestTimeout: 0, headersTimeout: 60_000 } as const

/** Files in PEM. */
interface Identity {
  readonly certificate: string
  readonly key: string
}

export function plainServer(): Server {
  return http.createServer(patience)
}

/** A server of TLS 1.2 and newer. Throws `invalid` for a file that can't be read. */
export function tlsServer({ certificate, key }: Identity, options: ServerOptions = {}): TlsServer {
  return https().createServer({ ...patience, cert: readPem(certificate), key: readPem(key), minVersion: 'TLSv1.2', ...options })
}

/** Throws `invalid`. */
export function readPem(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new GalleyError('invalid', `${path} cannot be read: ${reasonOf(cause)}`, { cause, subject: path })
  }
}
