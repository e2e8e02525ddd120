import { GalleyError, type ErrorDetail, type ErrorKind } from '#base/error.ts'

/** What a registry answered, or why it did not. */
export class RegistryError extends GalleyError {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** The registry's own words: `manifest unknown: manifest unknown`. */
  readonly answer: string
  /** Milliseconds that the registry asks to wait before the next attempt. */
  readonly wait: number | undefined

  constructor(
    kind: ErrorKind,
    message: string,
    detail: ErrorDetail & { status?: number; answer?: string; wait?: number | undefined } = {},
  ) {
    super(kind, message, detail)
    this.status = detail.status ?? 0
    this.answer = detail.answer ?? message
    this.wait = detail.wait
  }
}

/** The code of an error that says: nobody answers there. */
const unreachable = 'registry.unreachable'

/** Whether the host could not be reached at all, as against a refusal or a failure of its own. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof GalleyError && error.code === unreachable
}

/** Translates what the network threw, in the words that Docker's clients look for. */
export function networkError(method: string, url: URL, cause: unknown): GalleyError {
  if (cause instanceof GalleyError) return cause
  const [reason, word] = reasonOf(codeOf(cause), url, cause)
  return new RegistryError('unavailable', failedRequest(method, url, reason), { code: word, subject: url.host, cause })
}

/** What failed and why, as Go's HTTP client words it: `Get "https://host/v2/": reason`. */
export function failedRequest(method: string, url: URL, reason: string): string {
  const verb = method.charAt(0) + method.slice(1).toLowerCase()
  return `${verb} "${url.protocol}//${url.host}${url.pathname}": ${reason}`
}

export function connectTimeout(method: string, url: URL): RegistryError {
  const message = failedRequest(method, url, `dial tcp: i/o timeout (no connection to ${url.host})`)
  return new RegistryError('timeout', message, { code: unreachable, subject: url.host })
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  EHOSTDOWN: 'connect: host is down',
}

const certificateTrouble = /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_SELF|HOSTNAME_MISMATCH|INVALID_)/

function reasonOf(code: string, url: URL, cause: unknown): readonly [string, string] {
  const known = words[code]
  if (known !== undefined) return [`dial tcp ${url.host}: ${known}`, unreachable]
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const why = code === 'ENOTFOUND' ? 'no such host' : 'temporary failure in name resolution'
    return [`dial tcp: lookup ${url.hostname}: ${why}`, unreachable]
  }
  const text = cause instanceof Error ? cause.message : String(cause)
  if (code === 'ERR_PROXY_TUNNEL') return [`proxyconnect: ${text}`, unreachable]
  if (certificateTrouble.test(code)) return [`tls: failed to verify certificate: x509: ${text}`, 'registry.certificate']
  return [text === '' ? code : text, 'registry.broken']
}

/** The code of what was thrown; of several attempts at several addresses, the first one's. */
export function codeOf(cause: unknown): string {
  if (cause instanceof AggregateError) return codeOf(cause.errors[0])
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}

const kinds: Readonly<Record<number, ErrorKind>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not found',
  405: 'not implemented',
  408: 'timeout',
  409: 'conflict',
  413: 'too large',
  416: 'conflict',
  429: 'throttled',
  501: 'not implemented',
}

/** Translates an answer that says no (OCI distribution-spec, Error Codes). `body` is its beginning. */
export function answerError(
  { method, url }: { readonly method: string; readonly url: URL },
  { status, headers, body }: { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: string },
): RegistryError {
  const answer = wordsOf(body) || `unexpected status ${status}`
  const kind = kinds[status] ?? (status >= 500 ? 'unavailable' : 'invalid')
  return new RegistryError(kind, failedRequest(method, url, answer), {
    code: 'registry.answer',
    subject: url.host,
    status,
    answer,
    wait: waitOf(headers['retry-after']),
  })
}

/** The errors of the specification's JSON as `code: message`; of other bodies nothing, as they are pages of proxies. */
function wordsOf(body: string): string {
  try {
    const { errors } = JSON.parse(body) as { errors?: readonly { code?: string; message?: string }[] }
    const texts = (errors ?? []).map(({ code, message }) => {
      const word = (code ?? 'UNKNOWN').toLowerCase().replaceAll('_', ' ')
      return `${word}: ${message === undefined || message === '' ? word : message}`
    })
    return texts.join('\n')
  } catch {
    return ''
  }
}

function waitOf(header: unknown): number | undefined {
  return typeof header === 'string' && /^\d+$/.test(header) ? Number(header) * 1000 : undefined
}
