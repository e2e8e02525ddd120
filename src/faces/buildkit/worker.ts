import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { version } from '#base/version.ts'
import type { Builder } from '#build/builder.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import type { worker } from './messages/ops.ts'
import type { Given } from './wire/message.ts'

/**
 * This daemon as a BuildKit worker. The label of the snapshotter is what buildx goes by to offer archives as outputs and pushing
 * (its `docker` driver), and that of the gateway what it puts in the place of `host-gateway`.
 */
export function workerOf({ directory, engine }: Builder): Given<typeof worker> {
  const { os, architecture, variant } = hostPlatform()
  const gateway = engine.networks.find('bridge')?.gateway
  return {
    id: createHash('sha256').update(directory).digest('hex').slice(0, 24),
    labels: new Map([
      ['org.mobyproject.buildkit.worker.executor', 'galley'],
      ['org.mobyproject.buildkit.worker.hostname', hostname()],
      ['org.mobyproject.buildkit.worker.snapshotter', 'overlayfs'],
      ...(gateway === undefined ? [] : [['org.mobyproject.buildkit.worker.moby.host-gateway-ip', gateway] as const]),
    ]),
    platforms: [{ os, architecture, ...(variant !== undefined && { variant }) }],
    version: { package: 'galley', version: version() },
  }
}
