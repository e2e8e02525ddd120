import { GalleyError } from '#base/error.ts'
import { shortId } from '#base/id.ts'
import type { Container } from '#engine/containers/model.ts'
import type { LogFormat } from '#keeper/log-format.ts'
import type { LogSpec } from '#keeper/protocol.ts'

export interface LogConfig {
  readonly Type: string
  readonly Config: Readonly<Record<string, string>> | null
}

const known = ['max-size', 'max-file', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag', 'mode', 'max-buffer-size']
/** Drivers of Docker's that Galley does not have. */
const elsewhere = ['awslogs', 'etwlogs', 'fluentd', 'gcplogs', 'gelf', 'journald', 'splunk', 'syslog']

/** Rotated unless asked otherwise: a log without end has filled many a disk. `local` compresses, as Docker's does. */
const defaults = { maxSize: 20e6, maxFiles: 5 } as const

/** Throws `invalid` with Docker's words for wrong log options, `not implemented` for a driver that Galley lacks. */
export function checkLogConfig(config: LogConfig): void {
  const { Type, Config } = config
  if (elsewhere.includes(Type))
    throw new GalleyError('not implemented', `log driver "${Type}" is not implemented by Galley`, { subject: Type })
  if (Type !== 'json-file' && Type !== 'local' && Type !== 'none') throw invalid(`logger: no log driver named '${Type}' is registered`)
  if (Type === 'none') return
  for (const name of Object.keys(Config ?? {})) if (!known.includes(name)) throw invalid(`unknown log opt '${name}' for ${Type} log driver`)
  checkMode(Config ?? {})
  rotationOf(config)
  for (const name of ['labels-regex', 'env-regex']) pattern(Config?.[name])
  tagOf(Config?.['tag'] ?? '', undefined)
}

/** Where a container's log is and how it is written; undefined for one that keeps none. */
export function logSpecOf(container: Container, directory: string): LogSpec | undefined {
  const { LogConfig: config } = container.hostConfig
  if (config.Type === 'none') return undefined
  const format: LogFormat = config.Type === 'local' ? 'local' : 'json-file'
  const attributes = attributesOf(container)
  const path = format === 'local' ? `${directory}/container.log` : `${directory}/${container.id}-json.log`
  return { path, format, ...rotationOf(config), ...(Object.keys(attributes).length > 0 && { attributes }) }
}

/** Labels and variables that the log options ask for, and the tag (moby, daemon/logger/loginfo.go: ExtraAttributes). */
export function attributesOf(container: Container): Record<string, string> {
  const { Config } = container.hostConfig.LogConfig
  const variables = Object.fromEntries(container.config.Env.map((entry) => entry.split(/=(.*)/s).slice(0, 2) as [string, string]))
  const tag = tagOf(Config['tag'] ?? '', container)
  return {
    ...chosen(container.config.Labels, Config['labels'], Config['labels-regex']),
    ...chosen(variables, Config['env'], Config['env-regex']),
    ...(tag !== '' && { tag }),
  }
}

/**
 * In both of Docker's modes the keeper writes a line before it reads on, holds nothing in memory, and drops what a full disk
 * does not take. A container that writes faster than that waits, in mode `non-blocking` too, which its creation says (`modeWarnings`).
 */
function checkMode(options: Readonly<Record<string, string>>): void {
  const mode = options['mode'] ?? ''
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`)
  const buffer = options['max-buffer-size']
  if (buffer === undefined) return
  if (mode !== 'non-blocking') throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
  sizeOf('max-buffer-size', buffer)
}

/** What creating a container with such a log has to say. */
export function modeWarnings({ Config }: LogConfig): string[] {
  return Config?.['mode'] === 'non-blocking'
    ? [
        'Log option mode=non-blocking acts as blocking: no line is dropped, and a container that writes faster than its log is written waits.',
      ]
    : []
}

function rotationOf({ Type, Config }: LogConfig): Pick<LogSpec, 'maxSize' | 'maxFiles' | 'compress'> {
  const [size, files, compressed] = ['max-size', 'max-file', 'compress'].map((name) => Config?.[name])
  const maxFiles = files === undefined ? defaults.maxFiles : Number(files)
  if (!Number.isInteger(maxFiles) || files === '') throw invalid(`strconv.Atoi: parsing "${files}": invalid syntax`)
  if (maxFiles < 1) throw invalid('max-file cannot be less than 1')
  if (compressed !== undefined && !/^(1|t|true|0|f|false)$/i.test(compressed))
    throw invalid(`strconv.ParseBool: parsing "${compressed}": invalid syntax`)
  const compress = compressed === undefined ? Type === 'local' && maxFiles > 1 : /^(1|t|true)$/i.test(compressed)
  if (compress && maxFiles < 2) throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set')
  return { maxSize: size === undefined ? defaults.maxSize : sizeOf('max-size', size), maxFiles, compress }
}

/** Bytes of `10m` and the like; the units are powers of 1000, as in Docker's own reading (go-units, FromHumanSize). */
function sizeOf(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgt]?)i?b?$/i.exec(text)
  if (match === null) throw invalid(`invalid size: '${text}'`)
  const size = Math.floor(Number(match[1]) * 1000 ** ['', 'k', 'm', 'g', 't'].indexOf(match[2]?.toLowerCase() ?? ''))
  if (size <= 0) throw invalid(`${name} must be a positive number`)
  return size
}

function chosen(from: Readonly<Record<string, string>>, names: string | undefined, expression: string | undefined): Record<string, string> {
  const wanted = new Set((names ?? '').split(',').filter((name) => name !== ''))
  const like = pattern(expression)
  return Object.fromEntries(Object.entries(from).filter(([name]) => wanted.has(name) || like?.test(name) === true))
}

function pattern(text: string | undefined): RegExp | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return new RegExp(text)
  } catch (cause) {
    throw new GalleyError('invalid', `error parsing regexp: ${text}`, { subject: text, cause })
  }
}

/** The `tag` option's template with a container's values; without a container it is only checked. */
function tagOf(template: string, container: Container | undefined): string {
  return template.replaceAll(/\{\{(.*?)\}\}/g, (whole, field: string) => {
    const value = tagFields[field.trim()]
    if (value === undefined) throw invalid(`log tag template ${whole} is not one that Galley knows`)
    return container === undefined ? '' : value(container)
  })
}

const tagFields: Readonly<Record<string, (container: Container) => string>> = {
  '.ID': ({ id }) => shortId(id),
  '.FullID': ({ id }) => id,
  '.Name': ({ name }) => name,
  '.ImageName': ({ config }) => config.Image,
  '.ImageID': ({ image }) => shortId(image.replace(/^sha256:/, '')),
  '.ImageFullID': ({ image }) => image,
  '.DaemonName': () => 'docker',
}

function invalid(message: string): GalleyError {
  return new GalleyError('invalid', message, { code: 'container.log-option' })
}
