import { createHash } from 'node:crypto'
import type { Digest } from '#base/digest.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import { formatPlatform, normalPlatform } from '#content/manifests/platform.ts'
import { SharedContext } from './context/shared-context.ts'
import type { BuildEvent, OnProgress } from './progress.ts'
import type { BuildRequest, NamedContext } from './request.ts'
import type { Workspace } from './solve/workspace.ts'

/** A request for each platform of one: what the client sends comes once for all of them. */
export function requestsOf(request: BuildRequest, workspace: Workspace): readonly BuildRequest[] {
  const { onProgress = () => undefined } = request
  const platforms = (request.platforms ?? []).map(normalPlatform)
  const platform = platforms[0] ?? (request.platform && normalPlatform(request.platform))
  if (platforms.length < 2) return [platform === undefined ? request : { ...request, platform }]
  const shared = sharedContexts(request, workspace)
  const once = checksOnce(onProgress)
  return platforms.map((platform) => ({ ...request, ...shared, platform, onProgress: forPlatform(once, platform) }))
}

function sharedContexts({ context, contexts }: BuildRequest, workspace: Workspace): Pick<BuildRequest, 'context' | 'contexts'> {
  const share = (source: BuildRequest['context']): SharedContext => new SharedContext(source, () => workspace.fresh())
  const named = [...(contexts ?? [])].map(([name, given]): [string, NamedContext] => [
    name,
    given.kind === 'files' ? { kind: 'files', source: share(given.source) } : given,
  ])
  return { context: share(context), contexts: new Map(named) }
}

/** The platforms are built from the same file: what is found in it is told for the first alone. */
function checksOnce(onProgress: OnProgress): OnProgress {
  const told = new Set<string>()
  return (event) => {
    const finding = event.type === 'check' ? JSON.stringify(event.finding) : undefined
    if (finding !== undefined && told.has(finding)) return
    if (finding !== undefined) told.add(finding)
    onProgress(event)
  }
}

/** Tells the platforms' work apart: the same step of another platform is another vertex. */
function forPlatform(onProgress: OnProgress, platform: Platform): OnProgress {
  const name = formatPlatform(platform)
  const own = (id: Digest): Digest => `sha256:${createHash('sha256').update(`${name} ${id}`).digest('hex')}`
  const told = (event: BuildEvent): BuildEvent => {
    if (event.type === 'vertex') {
      const { id, parents, name: title } = event.vertex
      const shown = title.startsWith(`[${name}]`) ? title : title.replace(/^\[(?!internal\])/, `[${name} `)
      return { ...event, vertex: { id: own(id), parents: parents.map(own), name: shown } }
    }
    return 'vertex' in event ? { ...event, vertex: own(event.vertex) } : event
  }
  return (event) => onProgress(told(event))
}
