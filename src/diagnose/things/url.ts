import { STATUS_CODES } from 'node:http'
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { reasonOf } from '#base/error.ts'
import { http, https } from '#base/http.ts'
import { portThings } from './port.ts'
import type { Places, Thing } from './thing.ts'

/** Milliseconds that a program has to answer; a server for development compiles first. */
const patience = 15_000

/** An address of this machine, as `http://localhost:8080/page`; undefined for another word. */
export function urlIn(word: string): URL | undefined {
  const url = /^https?:\/\//i.test(word) ? URL.parse(word) : null
  return url !== null && isHere(url.hostname) ? url : undefined
}

/** Whether a host is this machine: by its name, by loopback, or by an address that it has. */
export function isHere(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (bare === 'localhost' || bare.endsWith('.localhost') || bare === hostname().toLowerCase()) return true
  if (isIP(bare) === 0) return false
  if (bare.startsWith('127.') || ['::1', '::', '0.0.0.0'].includes(bare)) return true
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === bare))
}

/** What an address of this machine answers, and who is behind its port. */
export async function urlThings(url: URL, places: Places): Promise<Thing[]> {
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const [answer, behind] = await Promise.all([answerOf(url), portThings({ port, protocol: 'tcp' }, places)])
  return [{ subject: `Address ${url.href}`, ...answer, notes: [], findings: [] }, ...behind]
}

/** 4xx is what the program means to say; a server error is none. */
function answerOf(url: URL): Promise<Pick<Thing, 'state' | 'text'>> {
  return new Promise((resolve) => {
    const failed = (text: string): void => resolve({ state: 'failed', text })
    // Certificates of programs under development are their own; whether one is good is not what is asked.
    const options = { agent: false, timeout: patience, rejectUnauthorized: false, headers: { 'user-agent': 'galley' } }
    const request = (url.protocol === 'https:' ? https() : http).get(url, options, (response) => {
      const { statusCode: status = 0, headers } = response
      response.destroy()
      const to = headers.location === undefined ? '' : `: ${headers.location}`
      const said = `${status} ${STATUS_CODES[status] ?? ''}`.trim() + to
      resolve({ state: status >= 500 ? 'failed' : 'up', text: `answers with status ${said}` })
    })
    request.on('timeout', () => {
      failed(`takes the connection and does not answer within ${patience / 1000} s`)
      request.destroy()
    })
    request.on('error', (error) => failed(failureText(error)))
  })
}

function failureText(error: Error): string {
  const { code = '' } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return 'refuses the connection'
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'ends the connection without an answer'
  if (code.startsWith('HPE_')) return 'answers, but not in HTTP'
  return `does not answer: ${reasonOf(error)}`
}
