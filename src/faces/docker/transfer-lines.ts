import { hexOf, type Digest } from '#base/digest.ts'
import { canonicalReference, familiarReference, type ImageReference } from '#base/image-reference.ts'
import { shortId } from '#base/id.ts'
import type { LayerPhase, ReportTransfer, TransferEvent } from '#engine/images/transfer.ts'
import type { Report } from './progress.ts'

type Line = Readonly<Record<string, unknown>>

/** Docker's words for what a layer goes through; its clients look for some of them. */
const words = {
  fetching: 'Pulling fs layer',
  downloading: 'Downloading',
  retrying: 'Retrying in',
  verifying: 'Verifying Checksum',
  downloaded: 'Download complete',
  extracting: 'Extracting',
  pulled: 'Pull complete',
  'here already': 'Already exists',
  preparing: 'Preparing',
  pushing: 'Pushing',
  pushed: 'Pushed',
  'there already': 'Layer already exists',
  mounted: 'Mounted from',
} as const satisfies Record<LayerPhase, string>

/** Tells of a transfer in the Engine API's progress lines. */
export function transferReport(report: Report): ReportTransfer {
  return (event) => {
    for (const line of linesOf(event)) report(line)
  }
}

function linesOf(event: TransferEvent): readonly Line[] {
  switch (event.type) {
    case 'note':
      return [noteLine(event)]
    case 'pulling':
      return [{ status: `Pulling from ${event.reference.path}`, id: event.reference.digest ?? event.reference.tag }]
    case 'layer':
      return [layerLine(event)]
    case 'pulled':
      return pulledLines(event)
    case 'pushing':
      return [{ status: `The push refers to repository [${canonicalReference(bare(event.reference))}]` }]
    case 'pushed':
      return pushedLines(event)
  }
}

/** Clients show a line with a count on terminals only. */
function noteLine({ text, id, count }: TransferEvent & { type: 'note' }): Line {
  return { status: text, ...(id !== undefined && { id }), ...(count !== undefined && { progressDetail: count }) }
}

function layerLine({ layer, phase, current, total, from }: TransferEvent & { type: 'layer' }): Line {
  const id = shortId(hexOf(layer))
  if (phase === 'retrying') return { status: `Retrying in ${current} second${current === 1 ? '' : 's'}`, progressDetail: {}, id }
  if (phase === 'mounted') return { status: `Mounted from ${from}`, progressDetail: {}, id }
  if (current === undefined) return { status: words[phase], progressDetail: {}, id }
  return {
    status: words[phase],
    progressDetail: { current, ...(total !== undefined && { total }) },
    progress: bar(current, total ?? 0),
    id,
  }
}

function pulledLines({ reference, digest, fresh }: { reference: ImageReference; digest: Digest; fresh: boolean }): readonly Line[] {
  const name = familiarReference(reference)
  return [
    { status: `Digest: ${digest}` },
    { status: fresh ? `Status: Downloaded newer image for ${name}` : `Status: Image is up to date for ${name}` },
  ]
}

function pushedLines({ reference, digest, size }: { reference: ImageReference; digest: Digest; size: number }): readonly Line[] {
  return [
    { status: `${reference.tag}: digest: ${digest} size: ${size}` },
    { progressDetail: {}, aux: { Tag: reference.tag, Digest: digest, Size: size } },
  ]
}

function bare({ domain, path }: ImageReference): ImageReference {
  return { domain, path }
}

const barWidth = 50

/** The drawn form of the amounts, for clients that show it as it is. */
function bar(current: number, total: number): string {
  if (total <= 0 || current > total) return sizeText(current)
  const filled = Math.floor((current / total) * barWidth)
  return `[${'='.repeat(filled)}>${' '.repeat(barWidth - filled)}]  ${sizeText(current)}/${sizeText(total)}`
}

/** Four digits and a unit, as Docker prints sizes. */
function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes, 0]
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${Number(value.toPrecision(4))}${units[unit]}`
}
