import { statSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { devicesBelow, readDevice, type Device } from '#host/files/device.ts'
import type { DeviceMapping, HostConfig } from './model.ts'

/** Devices that every container may use (moby, default device cgroup rules), `type major:minor access`. */
const standard = 'c *:* m, b *:* m, c 1:3 rwm, c 1:5 rwm, c 1:7 rwm, c 1:8 rwm, c 1:9 rwm, c 5:0 rwm, c 5:1 rwm, c 5:2 rwm, c 136:* rwm'

/** A device node in a container (runtime-spec, config-linux.md, Devices) and what may be done with it. */
export interface ContainerDevice {
  readonly device: Device
  readonly path: string
  /** Letters of `rwm`. */
  readonly access: string
}

/** The host's devices that a container gets: those asked for, all of them when it is privileged. Throws `invalid`. */
export function devicesFor({ Devices, Privileged }: HostConfig): ContainerDevice[] {
  if (Privileged) return devicesBelow('/dev').map((device) => ({ device, path: device.path, access: 'rwm' }))
  return Devices.flatMap(resolve)
}

/** One node, or every node of a directory. */
function resolve({ PathOnHost, PathInContainer, CgroupPermissions }: DeviceMapping): ContainerDevice[] {
  const access = CgroupPermissions || 'rwm'
  if (!/^[rwm]{1,3}$/.test(access)) throw new GalleyError('invalid', `invalid device mode: ${access}`, { subject: PathOnHost })
  const target = PathInContainer || PathOnHost
  try {
    const device = readDevice(PathOnHost)
    if (device !== undefined) return [{ device, path: target, access }]
    const below = statSync(PathOnHost).isDirectory() ? devicesBelow(PathOnHost) : []
    if (below.length > 0) return below.map((one) => ({ device: one, path: `${target}${one.path.slice(PathOnHost.length)}`, access }))
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw notADevice(PathOnHost, missing ? 'no such file or directory' : (cause as Error).message, cause)
  }
  throw notADevice(PathOnHost, 'not a device node')
}

function notADevice(path: string, why: string, cause?: unknown): GalleyError {
  return new GalleyError('invalid', `error gathering device information while adding custom device "${path}": ${why}`, {
    subject: path,
    cause,
  })
}

/** The `linux.devices` section. */
export function deviceNodes(devices: readonly ContainerDevice[]): object[] {
  return devices.map(({ device: { type, major, minor, mode, uid, gid }, path }) => ({ path, type, major, minor, fileMode: mode, uid, gid }))
}

/** The `linux.resources.devices` section: nothing but the standard devices, those given and the rules. Throws `invalid`. */
export function deviceRules({ Privileged, DeviceCgroupRules }: HostConfig, devices: readonly ContainerDevice[]): object[] {
  if (Privileged) return [{ allow: true, access: 'rwm' }]
  return [
    { allow: false, access: 'rwm' },
    ...standard.split(', ').map(parseRule),
    ...devices.map(({ device: { type, major, minor }, access }) => ({ allow: true, type, major, minor, access })),
    ...DeviceCgroupRules.map(parseRule),
  ]
}

/** `c 1:3 rwm`, where `*` stands for any number and type `a` for all devices. Throws `invalid`. */
function parseRule(text: string): object {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text)
  if (match === null) throw new GalleyError('invalid', `invalid device cgroup rule format: '${text}'`, { subject: text })
  const [, type, major, minor, access] = match
  return { allow: true, type, ...(major !== '*' && { major: Number(major) }), ...(minor !== '*' && { minor: Number(minor) }), access }
}
