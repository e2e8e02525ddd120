import { GalleyError } from '#base/error.ts'

/** A TCP port with mutual TLS; the rest are paths of PEM files. */
export interface TcpDoor {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** Options by the names that dockerd gives them, but for `--listen`. */
export const tcpOptions = {
  listen: { type: 'string', value: 'ADDRESS:PORT', does: 'listen on TCP too, with mutual TLS (docs/tls.md)' },
  tlscacert: { type: 'string', value: 'FILE', does: "the authority of clients' certificates" },
  tlscert: { type: 'string', value: 'FILE', does: 'the certificate' },
  tlskey: { type: 'string', value: 'FILE', does: "the certificate's key" },
} as const

/** What the options ask for. Throws `invalid`, also for a port without TLS: who reaches the engine is root. */
export function tcpDoorOf(values: { readonly [name in keyof typeof tcpOptions]?: string | undefined }): TcpDoor | undefined {
  const { listen, tlscacert: ca, tlscert: certificate, tlskey: key } = values
  if (listen === undefined) return undefined
  const [, host, port] = /^(?:tcp:\/\/)?(.*):(\d+)$/.exec(listen) ?? []
  if (host === undefined || port === undefined || Number(port) > 65_535)
    throw new GalleyError('invalid', `--listen ${listen} is not ADDRESS:PORT`, { subject: listen })
  if (ca === undefined || certificate === undefined || key === undefined)
    throw new GalleyError(
      'invalid',
      `--listen ${listen} needs --tlscacert, --tlscert and --tlskey: whoever reaches the engine is root here`,
      {
        subject: listen,
        advice: 'docs/tls.md makes an authority and certificates with openssl.',
      },
    )
  return { host: host.replace(/^\[(.*)\]$/, '$1') || '0.0.0.0', port: Number(port), ca, certificate, key }
}
