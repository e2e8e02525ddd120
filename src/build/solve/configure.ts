import { posix } from 'node:path'
import { nanosecondsOf } from '#base/duration.ts'
import { GalleyError } from '#base/error.ts'
import { signalNumber } from '#engine/containers/signal.ts'
import type { Healthcheck } from '#engine/images/model.ts'
import type { Bodies, Command, Keyword, Pair } from '../dockerfile/model.ts'
import { shellOf, type Draft } from './state.ts'

/** What an instruction finds in its stage. */
export interface Scope {
  /** Expands a text into one word, or into words, with the stage's variables. */
  readonly word: (text: string) => string
  readonly words: (text: string) => string[]
  /** The stage has had a `CMD` of its own. */
  commandSet: boolean
}

/** Instructions that change the configuration alone. */
export type Configuring = Exclude<Keyword, 'add' | 'copy' | 'run' | 'workdir' | 'arg' | 'maintainer' | 'onbuild'>

/** Applies one to a configuration and returns its line for the history. Pure but for the draft. Throws `invalid`. */
export const configure: { readonly [K in Configuring]: (draft: Draft, body: Bodies[K], scope: Scope) => string } = {
  cmd(draft, { command }, scope) {
    scope.commandSet = true
    draft.Cmd = argvOf(draft, command)
    return `CMD ${JSON.stringify(draft.Cmd)}`
  },
  entrypoint(draft, { command }, scope) {
    draft.Entrypoint = argvOf(draft, command)
    // A new entrypoint makes the base image's command meaningless.
    if (!scope.commandSet) draft.Cmd = null
    return `ENTRYPOINT ${JSON.stringify(draft.Entrypoint)}`
  },
  env(draft, { pairs }, scope) {
    const set = expandPairs(pairs, scope)
    for (const { name, value } of set) setEnv(draft, name, value)
    return `ENV ${set.map(({ name, value }) => `${name}=${value}`).join(' ')}`
  },
  expose(draft, { ports }, scope) {
    const all = ports.flatMap((port) => scope.words(port)).flatMap(portsOf)
    draft.ExposedPorts = keys([...Object.keys(draft.ExposedPorts ?? {}), ...all].toSorted())
    return `EXPOSE ${all.toSorted().join(' ')}`
  },
  healthcheck(draft, { options, test }) {
    draft.Healthcheck = healthcheckOf(options, test)
    return `HEALTHCHECK ${JSON.stringify(draft.Healthcheck)}`
  },
  label(draft, { pairs }, scope) {
    const set = expandPairs(pairs, scope)
    draft.Labels = { ...draft.Labels, ...Object.fromEntries(set.map(({ name, value }) => [name, value])) }
    return `LABEL ${set.map(({ name, value }) => `${name}=${value}`).join(' ')}`
  },
  shell(draft, { args }) {
    draft.Shell = args
    return `SHELL ${JSON.stringify(args)}`
  },
  stopsignal(draft, { value }, scope) {
    const signal = scope.word(value)
    signalNumber(signal)
    draft.StopSignal = signal
    return `STOPSIGNAL ${signal}`
  },
  user(draft, { value }, scope) {
    draft.User = scope.word(value)
    return `USER ${draft.User}`
  },
  volume(draft, { paths }, scope) {
    const all = paths.map((path) => scope.word(path))
    if (all.includes('')) throw new GalleyError('invalid', 'VOLUME specified can not be an empty string')
    draft.Volumes = { ...draft.Volumes, ...keys(all) }
    return `VOLUME ${JSON.stringify(all)}`
  },
}

export function setEnv(draft: Draft, name: string, value: string): void {
  const env = [...(draft.Env ?? [])]
  const at = env.findIndex((entry) => entry.startsWith(`${name}=`))
  env.splice(at < 0 ? env.length : at, at < 0 ? 0 : 1, `${name}=${value}`)
  draft.Env = env
}

/** All values of one instruction are expanded with what was set before it. */
function expandPairs(pairs: readonly Pair[], scope: Scope): Pair[] {
  return pairs.map(({ name, value }) => ({ name: scope.word(name), value: scope.word(value) }))
}

function argvOf(draft: Draft, command: Command): readonly string[] {
  if (command.form === 'exec') return command.args
  return command.text === '' ? [] : [...shellOf(draft), command.text]
}

function portsOf(word: string): string[] {
  // A port of the host in front, as `docker run -p` has it, means nothing here, and is passed over as Docker does.
  const [, first = '', last, protocol = 'tcp'] = /^(?:(?:[\d.]*:)?\d*:)?(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? []
  const [from, to] = [Number(first), Number(last ?? first)]
  if (first === '' || from > to || to > 65535) throw new GalleyError('invalid', `invalid containerPort: ${word}`, { subject: word })
  return Array.from({ length: to - from + 1 }, (_, offset) => `${from + offset}/${protocol.toLowerCase()}`)
}

function keys(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}

const durations = { interval: 'Interval', timeout: 'Timeout', 'start-period': 'StartPeriod', 'start-interval': 'StartInterval' } as const

function healthcheckOf(options: ReadonlyMap<string, string>, test: Bodies['healthcheck']['test']): Healthcheck {
  if (test === 'none') return { Test: ['NONE'] }
  const result: { -readonly [field in keyof Healthcheck]: Healthcheck[field] } = {
    Test: test.form === 'exec' ? ['CMD', ...test.args] : ['CMD-SHELL', test.text],
  }
  for (const [name, field] of Object.entries(durations)) {
    const value = options.get(name)
    if (value !== undefined) result[field] = nanoseconds(value, name)
  }
  const retries = options.get('retries')
  if (retries !== undefined) {
    if (!/^\d+$/.test(retries)) throw new GalleyError('invalid', `--retries must be a number, not: ${retries}`)
    if (Number(retries) > 0) result.Retries = Number(retries)
  }
  return result
}

function nanoseconds(text: string, flag: string): number {
  const duration = nanosecondsOf(text)
  if (duration === undefined) throw new GalleyError('invalid', `time: invalid duration "${text}"`)
  if (duration !== 0 && duration < 1e6) throw new GalleyError('invalid', `Interval of "--${flag}" cannot be less than 1ms`)
  return duration
}

/** An absolute path as `WORKDIR` sets it; a relative one goes on from the one before. */
export function workdirOf(draft: Draft, path: string): string {
  return posix.resolve('/', draft.WorkingDir || '/', path)
}
