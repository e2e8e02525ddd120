import { GalleyError } from '#base/error.ts'
import type { Incoming, Transport } from '#content/remote/transport.ts'

/** Milliseconds in which a server must be reached. */
const patience = 30_000
const mostRedirects = 10

/**
 * Gets what is at an address, through redirects; the `url` of the answer is the one that names it. Throws `not found`, `invalid`,
 * `unavailable`.
 */
export async function get(transport: Transport, start: URL, signal: AbortSignal): Promise<Incoming> {
  let url = start
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const answer = await transport.send({ method: 'GET', url, headers: { 'user-agent': 'galley' }, signal, patience }, false)
    const { location } = answer.headers
    if (answer.status === 200) return { ...answer, url: start.pathname.endsWith('/') ? url : start }
    answer.body.destroy()
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) {
      throw new GalleyError('not found', `failed to GET ${start.href} with status ${answer.status}`, { subject: start.href })
    }
    url = new URL(location, url)
    if (!['http:', 'https:'].includes(url.protocol)) break
  }
  throw new GalleyError('unavailable', `${start.href} redirects too often`, { subject: start.href })
}
