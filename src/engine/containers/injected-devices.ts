import { basename } from 'node:path'
import { GalleyError, messageOf } from '#base/error.ts'
import { declaredDevices, type DeclaredDevice } from '#engine/cdi/devices.ts'
import type { Edits, Hook, Node } from '#engine/cdi/specification.ts'
import { readDevice } from '#host/files/device.ts'
import type { ContainerDevice } from './devices.ts'
import type { Engine } from './engine.ts'
import type { HostConfig } from './model.ts'
import type { Mount } from './spec-mounts.ts'
import type { User } from './user.ts'

/** What a container's devices of the machine's specifications (CDI) add to it. */
export interface Injected {
  readonly env: readonly string[]
  readonly nodes: readonly Node[]
  readonly mounts: readonly Mount[]
  readonly hooks: readonly Hook[]
  readonly gids: readonly number[]
}

/** How requests name the driver. */
export const cdiDriver = 'cdi'

/** Looks up what a container asks for by name. Throws `invalid` for names that no file has, `not implemented` for what Galley lacks. */
export async function injectedFor(engine: Pick<Engine, 'deviceSpecifications'>, { DeviceRequests = [] }: HostConfig): Promise<Injected> {
  const names = new Set(DeviceRequests.flatMap(({ DeviceIDs }) => DeviceIDs ?? []))
  if (names.size === 0) return { env: [], nodes: [], mounts: [], hooks: [], gids: [] }
  const { devices, problems } = await declaredDevices(engine.deviceSpecifications)
  const missing = [...names].filter((name) => !devices.some((device) => device.name === name))
  if (missing[0] !== undefined)
    throw new GalleyError('invalid', `CDI device injection failed: unresolvable CDI devices ${missing.join(', ')}`, {
      code: 'container.no-device',
      subject: missing[0],
      advice: [`They are looked up in ${engine.deviceSpecifications.join(', ')}.`, ...problems].join(' '),
    })
  const edits = editsOf(devices.filter(({ name }) => names.has(name)))
  return {
    env: edits.flatMap(({ env }) => env),
    nodes: edits.flatMap(({ nodes }) => nodes),
    mounts: edits.flatMap(({ mounts }) => mounts.map(mountOf)),
    hooks: edits.flatMap(({ hooks }) => hooks),
    gids: edits.flatMap(({ gids }) => gids).filter((gid) => gid !== 0),
  }
}

/** Each device's own, then those of their files, each once. */
function editsOf(devices: readonly DeclaredDevice[]): Edits[] {
  for (const { name, edits, common } of devices) {
    const refused = [...edits.refused, ...common.refused][0]
    if (refused !== undefined)
      throw new GalleyError('not implemented', `${refused} of the device ${name} is not implemented by Galley`, {
        code: 'container.unsupported-option',
        subject: name,
      })
  }
  return [...devices.map(({ edits }) => edits), ...new Set(devices.map(({ common }) => common))]
}

function mountOf({ hostPath, containerPath, type, options }: Edits['mounts'][number]): Mount {
  const binds = type !== 'bind' || options.some((option) => option === 'bind' || option === 'rbind')
  return { destination: containerPath, type, source: hostPath, options: binds ? options : ['rbind', ...options] }
}

/** The nodes as they are on the host now; without an owner of their own they are the process's. Throws `invalid`. */
export function injectedNodes(nodes: readonly Node[], user: User): ContainerDevice[] {
  return nodes.map(({ path, hostPath, permissions, uid, gid, mode }) => {
    const device = deviceAt(hostPath)
    return { path, access: permissions, device: { ...device, mode: mode ?? device.mode, uid: uid ?? user.uid, gid: gid ?? user.gid } }
  })
}

function deviceAt(path: string): ContainerDevice['device'] {
  try {
    const device = readDevice(path)
    if (device !== undefined) return device
  } catch (cause) {
    throw new GalleyError('invalid', `CDI device injection failed: ${path}: ${messageOf(cause)}`, { subject: path, cause })
  }
  throw new GalleyError('invalid', `CDI device injection failed: ${path} is not a device node`, { subject: path })
}

export type Hooks = Readonly<Partial<Record<Hook['name'], object[]>>>

/** The `hooks` section. */
export function hooksOf(hooks: readonly Hook[]): Hooks {
  const byName: Partial<Record<Hook['name'], object[]>> = {}
  for (const hook of hooks) {
    const { name, env, timeout } = hook
    ;(byName[name] ??= []).push({ ...programOf(hook), ...(env.length > 0 && { env }), ...(timeout !== undefined && { timeout }) })
  }
  return byName
}

/** Reads what the runtime writes, then becomes the program. A short text is in its input before that. */
const readFirst = 'state=$(/bin/cat); exec "$0" "$@" <<end\n$state\nend\n'

/**
 * crun takes a hook for failed that ended before the container's state was written to its input, as one that does not read it may.
 * A startContainer hook runs from the container's own files, and a program that is called by another name would lose that.
 */
function programOf({ name, path, args }: Hook): { readonly path: string; readonly args?: readonly string[] } {
  const [called = path, ...words] = args
  if (name === 'startContainer' || basename(called) !== basename(path)) return { path, ...(args.length > 0 && { args }) }
  return { path: '/bin/sh', args: ['sh', '-c', readFirst, path, ...words] }
}
