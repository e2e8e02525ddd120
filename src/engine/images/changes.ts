import { posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import type { Healthcheck, RunConfig } from './model.ts'

/** Writable while changes are applied. */
type Draft = { -readonly [field in keyof RunConfig]: RunConfig[field] }

type Change = (draft: Draft, rest: string) => void

const table: Readonly<Record<string, Change>> = {
  CMD: (draft, rest) => void (draft.Cmd = commandOf(rest)),
  ENTRYPOINT: (draft, rest) => void (draft.Entrypoint = commandOf(rest)),
  ENV: (draft, rest) => pairsOf('ENV', rest).forEach(([name, value]) => setEnv(draft, name, value)),
  EXPOSE: (draft, rest) => void (draft.ExposedPorts = { ...draft.ExposedPorts, ...setOf(wordsOf(rest).flatMap(portsOf)) }),
  HEALTHCHECK: (draft, rest) => void (draft.Healthcheck = healthcheckOf(rest)),
  LABEL: (draft, rest) => void (draft.Labels = { ...draft.Labels, ...Object.fromEntries(pairsOf('LABEL', rest)) }),
  ONBUILD: (draft, rest) => void (draft.OnBuild = [...(draft.OnBuild ?? []), rest]),
  STOPSIGNAL: (draft, rest) => void (draft.StopSignal = oneWord('STOPSIGNAL', rest)),
  USER: (draft, rest) => void (draft.User = oneWord('USER', rest)),
  VOLUME: (draft, rest) => void (draft.Volumes = { ...draft.Volumes, ...setOf(jsonArray(rest) ?? wordsOf(rest)) }),
  WORKDIR: (draft, rest) => void (draft.WorkingDir = posix.resolve('/', draft.WorkingDir || '/', unquoted(rest))),
}

/**
 * Applies Dockerfile instructions as `docker import --change` and `docker commit --change` take them.
 * Throws `invalid` for an instruction that can't stand there.
 */
export function applyChanges(config: RunConfig, changes: readonly string[]): RunConfig {
  const draft: Draft = { ...config }
  for (const line of changes.flatMap((change) => change.split('\n'))) {
    const [, word = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line) ?? []
    if (word === '' || word.startsWith('#')) continue
    const name = word.toUpperCase()
    const change = Object.hasOwn(table, name) ? table[name] : undefined
    if (change === undefined) throw invalid(`${word.toLowerCase()} is not a valid change command`)
    if (rest === '') throw invalid(`${name} requires at least one argument`)
    change(draft, rest)
  }
  return draft
}

function commandOf(rest: string): readonly string[] {
  return jsonArray(rest) ?? ['/bin/sh', '-c', rest]
}

function jsonArray(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined
  } catch {
    return undefined
  }
}

/** Splits at blanks outside quotes; a backslash keeps the next character. Quotes stay for `unquoted`. */
function rawWords(text: string): string[] {
  return text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s\\])+/gs) ?? []
}

function wordsOf(text: string): string[] {
  return rawWords(text).map(unquoted)
}

function unquoted(text: string): string {
  return text.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs, (_whole, double?: string, single?: string, escaped?: string) =>
    double !== undefined ? double.replace(/\\(["\\$])/g, '$1') : (single ?? escaped ?? ''),
  )
}

/** `a=b c="d e"`, or the old form `a the rest`. */
function pairsOf(name: string, rest: string): [string, string][] {
  const words = rawWords(rest)
  if (words[0]?.includes('=') !== true) {
    const [, key, value] = /^(\S+)\s+(.+)$/s.exec(rest) ?? []
    if (key === undefined || value === undefined) throw invalid(`${name} must have two arguments`)
    return [[unquoted(key), unquoted(value)]]
  }
  return words.map((word) => {
    const at = word.indexOf('=')
    if (at < 0) throw invalid(`Syntax error - can't find = in "${word}". Must be of the form: name=value`)
    if (at === 0) throw invalid(`${name} names can not be blank`)
    return [unquoted(word.slice(0, at)), unquoted(word.slice(at + 1))]
  })
}

function setEnv(draft: Draft, name: string, value: string): void {
  const env = [...(draft.Env ?? [])]
  const at = env.findIndex((entry) => entry.startsWith(`${name}=`))
  env.splice(at < 0 ? env.length : at, at < 0 ? 0 : 1, `${name}=${value}`)
  draft.Env = env
}

function portsOf(word: string): string[] {
  const [, first = '', last, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? []
  const [from, to] = [Number(first), Number(last ?? first)]
  if (first === '' || from > to || to > 65535) throw invalid(`invalid containerPort: ${word}`)
  return Array.from({ length: to - from + 1 }, (_, offset) => `${from + offset}/${protocol.toLowerCase()}`)
}

function setOf(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}

function oneWord(name: string, rest: string): string {
  const words = wordsOf(rest)
  if (words.length !== 1) throw invalid(`${name} requires exactly one argument`)
  return words[0] ?? ''
}

const durationFields: Readonly<Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
}

function healthcheckOf(text: string): Healthcheck {
  let rest = text
  const options: { -readonly [field in keyof Healthcheck]?: Healthcheck[field] } = {}
  for (let match = /^--([a-z-]+)=(\S+)\s+/.exec(rest); match !== null; match = /^--([a-z-]+)=(\S+)\s+/.exec(rest)) {
    const [whole, name = '', value = ''] = match
    const field = Object.hasOwn(durationFields, name) ? durationFields[name] : undefined
    if (field !== undefined) options[field] = nanoseconds(value)
    else if (name === 'retries' && /^\d+$/.test(value)) options.Retries = Number(value)
    else throw invalid(`Unknown flag: ${name}`)
    rest = rest.slice(whole.length)
  }
  if (/^none$/i.test(rest)) return { ...options, Test: ['NONE'] }
  const command = /^cmd\s+(.+)$/is.exec(rest)?.[1]
  if (command === undefined) throw invalid('Unknown type in HEALTHCHECK (try CMD)')
  const array = jsonArray(command)
  return { ...options, Test: array === undefined ? ['CMD-SHELL', command] : ['CMD', ...array] }
}

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 }

function nanoseconds(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+$/.test(text)) throw invalid(`time: invalid duration "${text}"`)
  return [...text.matchAll(/([\d.]+)(ns|us|ms|s|m|h)/g)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (units[unit] ?? 0),
    0,
  )
}

function invalid(message: string): GalleyError {
  return new GalleyError('invalid', message, { code: 'image.change' })
}
