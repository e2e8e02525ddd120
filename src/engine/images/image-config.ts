import { isDigest, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { isObject, type JsonObject } from '#base/json.ts'
import type { HistoryEntry, ImageConfig } from './model.ts'

/** Largest configuration that is read. */
export const largestConfig = 8 << 20

/** Reads an image's configuration (OCI image-spec, config.md) and checks the fields that others build on. Throws `invalid`. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown
  } catch (cause) {
    throw new GalleyError('invalid', 'image configuration is not valid JSON', { code: 'image.config', cause })
  }
  const config = objectOf(value, 'the configuration')
  const rootfs = objectOf(config['rootfs'], 'rootfs')
  const layers: unknown = rootfs['diff_ids'] ?? []
  if (!Array.isArray(layers)) throw invalid('rootfs.diff_ids is not a list')
  for (const entry of layers) if (typeof entry !== 'string' || !isDigest(entry)) throw invalid(`${String(entry)} is not a layer's digest`)
  const run = config['config'] === undefined || config['config'] === null ? {} : objectOf(config['config'], 'config')
  checkRunConfig(run)
  const history = config['history'] ?? []
  if (!Array.isArray(history)) throw invalid('history is not a list')
  for (const entry of history) checkHistoryEntry(objectOf(entry, 'a history entry'))
  for (const name of ['created', 'author', 'variant']) textOf(config, name)
  return {
    ...config,
    os: textOf(config, 'os') || 'linux',
    architecture: textOf(config, 'architecture'),
    rootfs: { type: 'layers', diff_ids: layers as Digest[] },
    config: run,
    history: history as HistoryEntry[],
  }
}

/** One image with a field of another type would spoil every list that it is in: clients stop at the first. */
function checkRunConfig(run: JsonObject): void {
  for (const name of ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell']) checkTexts(run[name], `config.${name}`)
  for (const name of ['ExposedPorts', 'Volumes']) objectOf(run[name] ?? {}, `config.${name}`)
  const labels = objectOf(run['Labels'] ?? {}, 'config.Labels')
  for (const name of Object.keys(labels)) textOf(labels, name)
  const check = objectOf(run['Healthcheck'] ?? {}, 'config.Healthcheck')
  checkTexts(check['Test'], 'config.Healthcheck.Test')
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'])
    if (!Number.isInteger(check[name] ?? 0)) throw invalid(`config.Healthcheck.${name} is not a whole number`)
  for (const name of ['User', 'WorkingDir', 'StopSignal']) textOf(run, name)
}

function checkHistoryEntry(entry: JsonObject): void {
  for (const name of ['created', 'created_by', 'author', 'comment']) textOf(entry, name)
  if (typeof (entry['empty_layer'] ?? false) !== 'boolean') throw invalid('empty_layer is neither true nor false')
}

function checkTexts(value: unknown, what: string): void {
  const list = value ?? []
  if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string')) throw invalid(`${what} is not a list of texts`)
}

function textOf(object: JsonObject, name: string): string {
  const value = object[name] ?? ''
  if (typeof value !== 'string') throw invalid(`${name} is not a text`)
  return value
}

function objectOf(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value
  throw invalid(`${what} is not an object`)
}

function invalid(why: string): GalleyError {
  return new GalleyError('invalid', `invalid image configuration: ${why}`, { code: 'image.config' })
}
