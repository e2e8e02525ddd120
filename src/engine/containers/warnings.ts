import { hostPlatform, parsePlatform } from '#content/manifests/platform.ts'
import { hasControl } from '#host/cgroup/files.ts'
import { cgroupTree } from '#host/cgroup/tree.ts'
import { withheldCapabilities } from './capabilities.ts'
import type { HostConfig } from './model.ts'
import { hasBlockWeight } from './resources.ts'
import { granted } from './rlimits.ts'

/** What of a container's wishes this host can't give: `Warnings` of a creation or an update, which the CLI prints. */
export function warningsFor(hostConfig: HostConfig): string[] {
  return [...kernelWarnings(hostConfig), ...ulimitWarnings(hostConfig), ...capabilityWarnings(hostConfig)]
}

/** The 32-bit architectures that processors of these run too. */
const alsoRun: Readonly<Record<string, string>> = { amd64: '386', arm64: 'arm' }

/** What Docker says when nobody asked for the platform (`linux/arm64`) that an image is for, and it is not this machine's. */
export function platformWarnings(platform: string | undefined, asked: string): string[] {
  const { os, architecture } = hostPlatform()
  const own = platform === undefined ? undefined : parsePlatform(platform)
  if (asked !== '' || own === undefined) return []
  if (own.os === os && [architecture, alsoRun[architecture]].includes(own.architecture)) return []
  const here = architecture === 'arm64' ? 'linux/arm64/v8' : `${os}/${architecture}`
  return [
    `The requested image's platform (${platform}) does not match the detected host platform (${here}) and no specific platform was requested`,
  ]
}

/** In Docker's words. */
function kernelWarnings(given: HostConfig): string[] {
  const second = cgroupTree().version === 2
  const swap = second || hasControl(cgroupTree().directory('memory', ''), 'memory.memsw.limit_in_bytes')
  return [
    ...((given.BlkioWeight > 0 || given.BlkioWeightDevice.length > 0) && !hasBlockWeight()
      ? ['Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.']
      : []),
    ...(given.Memory > 0 && given.MemorySwap !== -1 && !swap
      ? ['Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.']
      : []),
    ...(given.OomKillDisable === true && second ? ['Your kernel does not support OomKillDisable. OomKillDisable discarded.'] : []),
    ...(given.OomKillDisable === true && !second && given.Memory === 0
      ? ['OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.']
      : []),
    ...((given.MemorySwappiness ?? -1) >= 0 && second
      ? ['Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.']
      : []),
  ]
}

function ulimitWarnings({ Ulimits }: HostConfig): string[] {
  return (Ulimits ?? []).flatMap((wish) => {
    const { Name, Soft, Hard } = granted(wish)
    return Soft === wish.Soft && Hard === wish.Hard
      ? []
      : [`The host does not let ulimit ${Name} be raised to ${wish.Soft}:${wish.Hard}; the container gets ${Soft}:${Hard}.`]
  })
}

function capabilityWarnings({ CapAdd }: HostConfig): string[] {
  return withheldCapabilities(CapAdd).map((name) => `The host withholds ${name}; the container starts without it.`)
}
