import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Log } from '#base/log.ts'
import type { Anonymous } from '#registry/access/rights.ts'
import type { Users } from '#registry/access/users.ts'
import type { Mirrors } from '#registry/mirror/mirrors.ts'
import type { Registry } from '#registry/registry.ts'
import type { RunnableImages } from '#registry/runnable-images.ts'

/** What this face leads to: OCI distribution-spec 1.1, with what Docker's clients want beside it (`_catalog`, schema 2, tokens). */
export interface Face {
  readonly registry: Registry
  readonly users: Users
  readonly images: RunnableImages
  readonly mirrors: Mirrors
  /** Signs tokens. */
  readonly key: Uint8Array
  readonly anonymous: Anonymous
  readonly readOnly: boolean
  /** Whether clients come in by TLS. */
  readonly secure: boolean
  /** Whether a `Host` that a client uses is one of ours; a page in a browser may lead elsewhere (DNS rebinding). */
  readonly isOwnHost: (host: string) => boolean
  readonly log: Log
}

/** One request, decoded as far as every handler needs it. */
export interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  /** The repository, checked; empty where the path names none. */
  readonly name: string
  /** What the path ends with: a tag or digest, or an upload's id. */
  readonly last: string
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

export type Handler = (face: Face, call: Call) => Promise<void> | void

export function sendJson({ response, request }: Call, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

export function sendEmpty({ response }: Call, status: number, headers: Readonly<Record<string, string | number>> = {}): void {
  response.writeHead(status, { ...(status !== 204 && { 'content-length': 0 }), ...headers }).end()
}

/** A `Link` to the next page (RFC 8288). */
export function nextPage(path: string, query: Readonly<Record<string, string>>): { readonly link: string } {
  return { link: `<${path}?${new URLSearchParams(query)}>; rel="next"` }
}
