import { GalleyError } from '#base/error.ts'
import { cdiDriver } from './injected-devices.ts'

type Given = Readonly<Record<string, unknown>>

/**
 * Options of `docker run` that need a kernel, hardware or platform that Galley does not drive: refused by name rather than
 * ignored. Values that mean "as usual" pass.
 */
export function refuseMissing(given: Given): void {
  for (const [field, why] of Object.entries(missing)) if (isSet(given[field])) throw unsupported(`HostConfig.${field}`, why)
  for (const [field, usual] of Object.entries(choices)) {
    const value = given[field]
    if (typeof value === 'string' && !usual.includes(value)) throw unsupported(`HostConfig.${field}=${value}`)
  }
  const requests = (given['DeviceRequests'] ?? []) as readonly DeviceRequest[]
  const other = requests.find(({ Driver }) => Driver !== cdiDriver)
  if (other !== undefined) throw noDriver(other)
}

const missing: Readonly<Record<string, string>> = {
  StorageOpt: 'it needs a file system with project quotas',
  KernelMemory: 'the kernel has no such limit since Linux 5.16',
  KernelMemoryTCP: 'use --memory, which counts socket buffers too',
  CpuCount: 'it is for Windows',
  CpuPercent: 'it is for Windows',
  IOMaximumIOps: 'it is for Windows',
  IOMaximumBandwidth: 'it is for Windows',
}

/** Settings of which Galley carries out the usual values alone. */
const choices: Readonly<Record<string, readonly string[]>> = {
  UsernsMode: ['', 'host'],
  Isolation: ['', 'default'],
}

function unsupported(what: string, why?: string): GalleyError {
  return new GalleyError('not implemented', `${what} is not implemented by Galley${why === undefined ? '' : `: ${why}`}`, {
    code: 'container.unsupported-option',
    subject: what,
  })
}

interface DeviceRequest {
  readonly Driver?: string
  readonly Capabilities?: readonly string[][] | null
}

/** `--gpus`: words as Docker's without a vendor's driver, which clients know. */
function noDriver({ Driver = '', Capabilities }: DeviceRequest): GalleyError {
  const capabilities = (Capabilities ?? []).map((all) => `[${all.join(' ')}]`).join(' ')
  return new GalleyError('not implemented', `could not select device driver "${Driver}" with capabilities: [${capabilities}]`, {
    code: 'container.unsupported-option',
    subject: 'HostConfig.DeviceRequests',
    advice: 'Galley has no drivers for GPUs. Where a CDI specification declares them, --device nvidia.com/gpu=all passes them on.',
  })
}

function isSet(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === 0 || value === false) return false
  return !(typeof value === 'object' && Object.keys(value).length === 0)
}
