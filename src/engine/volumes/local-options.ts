import { existsSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { mountsBelow } from '#host/kernel/mounts-below.ts'
import { unmount } from '#host/kernel/mount.ts'
import { run } from '#host/process/run.ts'

/** `type`, `device` and `o` of a volume of the `local` driver; they mean what mount(8) says. */
export type LocalOptions = Readonly<Record<string, string>>

/** Throws `invalid`, in Docker's words. */
export function checkOptions(options: LocalOptions): void {
  const unknown = Object.keys(options).find((key) => !['type', 'o', 'device'].includes(key))
  if (unknown !== undefined) throw new GalleyError('invalid', `invalid option: "${unknown}"`, { subject: unknown })
  if (Object.keys(options).length === 0) return
  for (const key of ['device', 'type'])
    if (!options[key]) throw new GalleyError('invalid', `missing required option: "${key}"`, { subject: key })
  if (options['device']?.startsWith('-')) throw new GalleyError('invalid', `invalid device: "${options['device']}"`, { subject: 'device' })
}

/** A directory of the host that is bound as it is, which needs no mount of the volume's own. */
export function boundDirectory({ type = 'none', o = '', device }: LocalOptions): string | undefined {
  const words = o.split(',')
  return type === 'none' && device?.startsWith('/') && words.every((word) => ['bind', 'rbind', 'rw'].includes(word)) ? device : undefined
}

/** Whether something is to be mounted on the volume's directory while a container runs with it. */
export function needsMount(options: LocalOptions): boolean {
  return Object.keys(options).length > 0 && boundDirectory(options) === undefined
}

/** A runtime that mounts such a volume writable would undo what its options say. */
export function isReadOnly({ o = '' }: LocalOptions): boolean {
  return o.split(',').includes('ro')
}

export function isMounted(target: string): boolean {
  return mountsBelow(target).includes(target)
}

/** Throws `unavailable` when it can't be mounted, or a helper such as mount.nfs is missing. */
export async function mountOptions(target: string, { type = '', device = '', o = '' }: LocalOptions): Promise<void> {
  const helper = `/sbin/mount.${type}`
  if (type.startsWith('nfs') && !existsSync(helper)) {
    const message = `failed to mount local volume: mount ${device}:${target}: ${helper} is not installed`
    throw new GalleyError('unavailable', message, { code: 'volume.no-helper', subject: device, advice: 'apt-get install nfs-common' })
  }
  const { code, stderr } = await run('mount', ['-t', type, ...(o === '' ? [] : ['-o', o]), device, target])
  if (code !== 0)
    throw new GalleyError('unavailable', `failed to mount local volume: mount ${device}:${target}, data: ${o}: ${stderr.trim()}`, {
      code: 'volume.mount',
      subject: device,
    })
}

export function unmountOptions(target: string): void {
  if (isMounted(target)) unmount(target)
}
