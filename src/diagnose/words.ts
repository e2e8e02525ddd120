import { isLoopback, type Listener } from '#host/netns/listener.ts'
import type { Position } from '#compose/model/model.ts'

export function quoted(text: string): string {
  return `"${text}"`
}

/** `FILE:LINE: `, or nothing for a value that no Compose file holds. */
export function place(at: Position | undefined): string {
  return at === undefined ? '' : `${at.file}:${at.line}: `
}

/** Galley's own name server listens on it inside every container. */
const nameServer = '127.0.0.11'

/** Who listens, in words: `it listens on 8080`. */
export function listenersText(listeners: readonly Listener[]): string {
  const own = listeners.filter(({ address }) => address !== nameServer)
  const texts = new Set(own.map((listener) => (isLoopback(listener) ? `${listener.address}:${listener.port}` : String(listener.port))))
  return texts.size === 0 ? 'it listens on no port' : `it listens on ${[...texts].join(', ')}`
}

/** The last lines that say something. */
export function lastLines(log: readonly string[], count: number): string[] {
  return log.filter((line) => line.trim() !== '').slice(-count)
}
