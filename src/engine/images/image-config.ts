import { isDigest, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
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
  for (const entry of history) objectOf(entry, 'a history entry')
  return {
    ...config,
    os: textOf(config, 'os') || 'linux',
    architecture: textOf(config, 'architecture'),
    rootfs: { type: 'layers', diff_ids: layers as Digest[] },
    config: run,
    history: history as HistoryEntry[],
  }
}

function checkRunConfig(run: Readonly<Record<string, unknown>>): void {
  for (const name of ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell']) {
    const value = run[name] ?? []
    if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) throw invalid(`config.${name} is not a list of texts`)
  }
  for (const name of ['ExposedPorts', 'Volumes', 'Labels', 'Healthcheck']) objectOf(run[name] ?? {}, `config.${name}`)
  for (const name of ['User', 'WorkingDir', 'StopSignal']) textOf(run, name)
}

function textOf(object: Readonly<Record<string, unknown>>, name: string): string {
  const value = object[name] ?? ''
  if (typeof value !== 'string') throw invalid(`${name} is not a text`)
  return value
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>
  throw invalid(`${what} is not an object`)
}

function invalid(why: string): GalleyError {
  return new GalleyError('invalid', `invalid image configuration: ${why}`, { code: 'image.config' })
}
