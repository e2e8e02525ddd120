import { hexOf } from '#base/digest.ts'
import { shortId } from '#base/id.ts'
import type { BuildEvent } from '#build/progress.ts'
import type { Report } from './progress.ts'
import { transferReport } from './transfer-lines.ts'

/**
 * Tells of a build in the classic builder's words, which clients read ids and failures out of. The stream has one thread, so
 * what stages tell that run ahead of an earlier one is held back until that is done.
 */
export function buildStream(report: Report): (event: BuildEvent) => void {
  let order: readonly number[] = []
  const done = new Set<number>()
  const held = new Map<number, BuildEvent[]>()
  const current = (): number | undefined => order.find((stage) => !done.has(stage))
  const release = (): void => {
    for (const stage of order) {
      for (const event of held.get(stage) ?? []) tell(report, event)
      held.delete(stage)
      if (!done.has(stage)) return
    }
  }
  return (event) => {
    if (event.type === 'plan') order = event.stages
    // A stage that only a base image's trigger asks for stands in no order: whoever waits for it has the stream.
    else if (!('stage' in event) || !order.includes(event.stage)) tell(report, event)
    else if (event.type === 'done') {
      done.add(event.stage)
      release()
    } else if (event.stage === current()) tell(report, event)
    else held.set(event.stage, [...(held.get(event.stage) ?? []), event])
  }
}

function tell(report: Report, event: BuildEvent): void {
  const line = (stream: string): void => report({ stream })
  switch (event.type) {
    case 'step':
      return line(`Step ${event.number}/${event.total} : ${event.text}\n`)
    case 'transfer':
      return transferReport(report)(event.transfer)
    case 'triggers':
      return line(`# Executing ${event.count} build trigger${event.count === 1 ? '' : 's'}\n`)
    case 'cached':
      return line(' ---> Using cache\n')
    case 'running':
      return line(` ---> Running in ${shortId(event.container)}\n`)
    case 'output':
      // Clients show it as it is, on terminals too: Docker has errors in red.
      return line(event.stream === 'stderr' ? `\u001B[91m${event.text}\u001B[0m` : event.text)
    case 'removed':
      return line(` ---> Removed intermediate container ${shortId(event.container)}\n`)
    case 'state':
      return line(` ---> ${shortId(event.id)}\n`)
    case 'warning':
      return line(`[Warning] ${event.text}\n`)
    case 'built':
      report({ aux: { ID: event.id } })
      return line(`Successfully built ${shortId(hexOf(event.id))}\n`)
    case 'tagged':
      return line(`Successfully tagged ${event.reference}\n`)
    // Clients of the classic builder know no checks.
    case 'check':
    case 'plan':
    case 'done':
    case 'vertex':
    case 'vertex end':
      return
  }
}
