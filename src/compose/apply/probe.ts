import { connect } from 'node:net'
import type { Clock } from '#base/clock.ts'

/** What comes back from a port that is asked for its root page: HTTP (`failing`: a server error, 500 and above), something else, or nothing. */
export type Answer = 'http' | 'failing' | 'other' | 'nothing'

/** Asks once, and waits at most `patience` milliseconds. Any status is HTTP: what answers 404 at its root is a web server too. */
export function probe(
  host: string,
  port: number,
  { clock, patience }: { readonly clock: Clock; readonly patience: number },
): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const timer = clock.after(patience, () => end('nothing'))
    const end = (answer: Answer): void => {
      timer[Symbol.dispose]()
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => socket.write(`GET / HTTP/1.1\r\nHost: localhost:${port}\r\nUser-Agent: galley\r\nConnection: close\r\n\r\n`))
    socket.once('data', (chunk) => end(answerIn(chunk.toString('latin1', 0, 16))))
    socket.on('error', () => end('nothing'))
    socket.on('close', () => end('nothing'))
  })
}

function answerIn(head: string): Answer {
  if (!head.startsWith('HTTP/')) return 'other'
  return /^HTTP\/[\d.]+ 5/.test(head) ? 'failing' : 'http'
}

/** Where a published port is reached from this machine: everything that means all addresses is reached on loopback. */
export function reachableHost(hostIp: string): string {
  return ['', '0.0.0.0', '::'].includes(hostIp) ? '127.0.0.1' : hostIp
}
