import { isLoopback, type Listener } from '#host/netns/listener.ts'
import type { Position } from '#compose/model/model.ts'
import type { Words } from './finding.ts'

/** A text that is the same in every language: a name, or what a program wrote. */
export function same(text: string): Words {
  return { en: text, ko: text }
}

export function quoted(text: string): string {
  return `"${text}"`
}

/** `FILE:LINE: `, or nothing for a value that no Compose file holds. */
export function place(at: Position | undefined): string {
  return at === undefined || at.file === '' ? '' : `${at.file}:${at.line}: `
}

/** A setting as it is written, without the password of an address. */
export function isSetTo(at: Position | undefined, variable: string, value: string): Words {
  const shown = quoted(value.replaceAll(/(:\/\/[^\s:@/]*:)[^\s@/]*@/g, '$1…@'))
  return { en: `${place(at)}${variable} is ${shown}`, ko: `${place(at)}${variable} 값: ${shown}` }
}

/** A line of a container's log. */
export function wrote(container: string, line: string): Words {
  return { en: `${container} wrote: ${line}`, ko: `${container} 로그: ${line}` }
}

/** Galley's own name server listens on it inside every container. */
const nameServer = '127.0.0.11'

/** Who listens, in words: `it listens on 8080`. */
export function listenersText(listeners: readonly Listener[]): Words {
  const own = listeners.filter(({ address }) => address !== nameServer)
  const texts = new Set(own.map((listener) => (isLoopback(listener) ? `${listener.address}:${listener.port}` : String(listener.port))))
  if (texts.size === 0) return { en: 'it listens on no port', ko: '열린 포트 없음' }
  const list = [...texts].join(', ')
  return { en: `it listens on ${list}`, ko: `열린 포트 ${list}` }
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}

/** The last lines that say something. */
export function lastLines(log: readonly string[], count: number): string[] {
  return log.filter((line) => line.trim() !== '').slice(-count)
}

/** `90 s`, `5 min`, `3 h`, `12 days`. */
export function ago(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}
