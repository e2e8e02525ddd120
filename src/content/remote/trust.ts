import { readdirSync, readFileSync } from 'node:fs'
import type { SecureContext } from 'node:tls'
import { tls } from '#base/http.ts'
import { GalleyError, reasonOf } from '#base/error.ts'

const systemBundle = '/etc/ssl/certs/ca-certificates.crt'

export interface TrustSources {
  /** A directory with one directory for each `host` or `host:port`, which holds `*.crt`, `*.cert` and `*.key`, as in Docker's certs.d. */
  readonly directory: string
  /** A file of the machine's certificate authorities; Debian's own when left out. */
  readonly bundle: string | undefined
  /** More authorities for a `host` or `host:port`: files. */
  readonly ca: ReadonlyMap<string, string>
}

/** Whom to trust when talking to `host`, and as whom. Reading the authorities is slow: make it once for each host. Throws `invalid`. */
export function secureContextFor(host: string, { directory, bundle, ca }: TrustSources): SecureContext {
  const own = filesOf(`${directory}/${host}`)
  const named = ca.get(host)
  const extra = [...own.filter((path) => path.endsWith('.crt')), ...(named === undefined ? [] : [named])].map(readCertificate)
  const client = own.find((path) => path.endsWith('.cert'))
  try {
    return tls().createSecureContext({
      ca: [...systemAuthorities(bundle), ...extra],
      ...(client !== undefined && { cert: readCertificate(client), key: readCertificate(client.replace(/\.cert$/, '.key')) }),
    })
  } catch (cause) {
    throw new GalleyError('invalid', `the certificates for ${host} cannot be used: ${reasonOf(cause)}`, {
      code: 'registry.certificate',
      subject: host,
      cause,
    })
  }
}

function systemAuthorities(bundle: string | undefined): readonly string[] {
  try {
    return [readFileSync(bundle ?? systemBundle, 'utf8')]
  } catch (cause) {
    if (bundle !== undefined) throw unreadable(bundle, cause)
    // Without Debian's ca-certificates, those that Node carries.
    return tls().rootCertificates
  }
}

function filesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory).map((name) => `${directory}/${name}`)
  } catch {
    return []
  }
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): GalleyError {
  return new GalleyError('invalid', `certificate file ${path} cannot be read`, { code: 'registry.certificate', subject: path, cause })
}
