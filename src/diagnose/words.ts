import { stripVTControlCharacters } from 'node:util'
import { isLoopback, type Listener } from '#host/netns/listener.ts'
import type { Position } from '#compose/model/model.ts'
import type { Evidence, Words } from './finding.ts'

/** A text that is the same in every language: a name, or what a program wrote. */
export function same(text: string): Words {
  return { en: text, ko: text }
}

/** What was going on, and how it failed. */
export function told(subject: string, message: string): Evidence {
  return { ...same(`${subject}: ${message}`), told: [subject, message] }
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

/** A line that a program wrote, without its colours. */
export function plain(line: string): string {
  return stripVTControlCharacters(line)
}

/** A line of a container's log. */
export function wrote(container: string, written: string): Words {
  const line = plain(written)
  return { en: `${container} wrote: ${line}`, ko: `${container} 로그: ${line}` }
}

/** Galley's own name server listens on it inside every container. */
export const nameServer = '127.0.0.11'

/** Who listens, in words: `it listens on 8080`. */
export function listenersText(listeners: readonly Listener[]): Words {
  const own = listeners.filter(({ address }) => address !== nameServer)
  const texts = new Set(own.map((listener) => (isLoopback(listener) ? `${listener.address}:${listener.port}` : String(listener.port))))
  if (texts.size === 0) return { en: 'it listens on no port', ko: '열린 포트 없음' }
  const list = [...texts].join(', ')
  return { en: `it listens on ${list}`, ko: `열린 포트 ${list}` }
}

/** Of a program that runs just now, whose last exit code is not known therefore. */
export const endsAgain = 'ends again and again'

/** How a container ended, as verdicts say it, in Korean. */
const endings: readonly (readonly [RegExp, string])[] = [
  [/^ended with exit code (\d+)$/, '종료 코드 $1(으)로 끝났습니다'],
  [/^ended with exit code (\d+), and is started again$/, '종료 코드 $1(으)로 끝나서 다시 시작됩니다'],
  [/^ended (\d+) times, last with exit code (\d+)$/, '$1번 끝났고, 마지막 종료 코드는 $2입니다'],
  [/^ends again and again$/, '계속 끝나고 다시 시작됩니다'],
  [/^its health check fails$/, '헬스 체크가 실패합니다'],
  [/^nothing listens on its published port$/, '공개한 포트를 여는 프로그램이 없습니다'],
  [/^its port is listened on at 127\.0\.0\.1 alone.*$/, '포트를 127.0.0.1에만 열어 두었습니다'],
  [/^not up after (\d+) s: .*$/, '$1초 안에 뜨지 않았습니다'],
]

/** A container, and the few words of how it failed. */
export function ended(container: string, text: string): Words {
  const [pattern, korean] = endings.find(([one]) => one.test(text)) ?? []
  return { en: `${container} ${text}`, ko: `${container}: ${pattern === undefined ? text : text.replace(pattern, korean ?? '')}` }
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
