import { shortId } from '#base/id.ts'
import type { Amount } from '#compose/apply/events.ts'
import type { Told } from '#compose/apply/world.ts'
import type { ReportTransfer } from '#engine/images/transfer.ts'

/** How far a pull is, in a few words; what is noted about the whole of it, such as a stand-in, is for the person to know. */
export function transferTold(told: Told): ReportTransfer {
  const layers = new Map<string, Amount>()
  return (event) => {
    switch (event.type) {
      case 'note':
        if (event.id === undefined) told.warning(event.text)
        else told.progress(`${event.id}: ${event.text}`, event.count)
        return
      case 'layer': {
        const { layer, phase, current = 0, total = 0 } = event
        if (phase === 'downloading') layers.set(layer, { current, total })
        const sum = sumOf(layers.values())
        if (phase === 'downloading' && sum.total > 0) told.progress(phase, sum)
        else told.progress(`${shortId(layer.slice('sha256:'.length))} ${phase}`)
      }
    }
  }
}

function sumOf(amounts: Iterable<Amount>): Amount {
  return [...amounts].reduce((sum, { current, total }) => ({ current: sum.current + current, total: sum.total + total }), {
    current: 0,
    total: 0,
  })
}
