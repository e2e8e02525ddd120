import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { contentOf } from './contexts.ts'
import { csvAttributes, csvFields } from '#faces/galley/build/csv.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `--secret id=ID,src=FILE` or `env=NAME`: contents by id, in base64. Throws `invalid`, `not found`. */
export function readSecrets(given: readonly string[], environment: Environment): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const { id, type, src, source = src, env, ...others } = csvAttributes('secret', csvFields(text))
      const [other] = Object.keys(others)
      if (other !== undefined)
        throw new GalleyError('invalid', `--secret: there is no ${other}`, { subject: other, advice: 'There is id, src, env and type.' })
      if (id === undefined) throw new GalleyError('invalid', `--secret: id is required: ${text}`, { subject: text })
      const variable =
        env ??
        (type === 'env' || (type === undefined && source === undefined && environment[id] !== undefined) ? (source ?? id) : undefined)
      if (variable === undefined) return [id, contentOf('secret', source ?? id).toString('base64')]
      const value = environment[variable]
      if (value === undefined) throw new GalleyError('not found', `--secret: the variable ${variable} is not set`, { subject: variable })
      return [id, Buffer.from(value).toString('base64')]
    }),
  )
}

/** Where agents of steps are: their sockets, or the files of their keys, by id. */
export interface Agents {
  readonly sockets: Readonly<Record<string, string>>
  readonly keys: Readonly<Record<string, readonly string[]>>
}

/** `--ssh default`, `ID=SOCKET` or `ID=KEY,KEY`. Throws `not found`. */
export function readAgents(given: readonly string[], environment: Environment): Agents {
  const sockets: Record<string, string> = {}
  const keys: Record<string, readonly string[]> = {}
  for (const text of given) {
    const [, id = '', path = environment['SSH_AUTH_SOCK']] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? []
    if (path === undefined || path === '')
      throw new GalleyError('not found', `--ssh ${text}: there is no agent, as SSH_AUTH_SOCK is not set`, {
        advice: 'Start one: eval $(ssh-agent); ssh-add.',
      })
    const files = path.split(',')
    for (const file of files) if (!existsSync(file)) throw new GalleyError('not found', `--ssh: ${file} is not there`, { subject: file })
    if (files.length === 1 && statSync(path).isSocket()) sockets[id] = resolve(path)
    else keys[id] = files
  }
  return { sockets, keys }
}

/** `64m`, `1gb`, `1024`, as docker reads sizes. Throws `invalid`. */
export function bytesIn(option: string, text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgt]?)i?b?$/i.exec(text) ?? []
  if (number === undefined) throw new GalleyError('invalid', `--${option}: invalid size: ${text}`, { subject: text })
  return Math.floor(Number(number) * 1024 ** (unit === '' ? 0 : 'kmgt'.indexOf(unit.toLowerCase()) + 1))
}
