import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { humanDuration } from '#base/human-duration.ts'
import { familiarName, parseImageReference } from '#base/image-reference.ts'
import type { Command, Syntax } from '../command.ts'
import { askJson } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { formatOption, outputOptions, tellListing } from '../output.ts'
import { requiredName } from '../project.ts'
import { containersIfAny, nameOf, serviceOf, type ContainerRow } from './containers.ts'
import { decimalSize } from './stats-row.ts'

const syntax = {
  usage: 'images [SERVICE…]',
  does: "The images that a project's containers were made from.",
  operands: Infinity,
  options: {
    ...projectOptions,
    quiet: { type: 'boolean', short: 'q', does: 'only their ids' },
    ...outputOptions,
    ...formatOption,
  },
} as const satisfies Syntax

/** A container's image, with the fields of `docker compose images --format json`, and its service. */
interface Row {
  readonly ID: string
  readonly ContainerName: string
  readonly Service: string
  readonly Repository: string
  readonly Tag: string
  readonly Platform: string
  /** Bytes. */
  readonly Size: number
  readonly LastTagTime: string
}

export const images: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const containers = await containersIfAny(await requiredName(values), positionals, values)
    if (values.quiet === true)
      process.stdout.write([...new Set(containers.map(({ ImageID }) => ImageID))].map((id) => `${short(id)}\n`).join(''))
    else
      await tellListing(
        { rows: await Promise.all(containers.map(rowOf)), name: ({ Repository, Tag }) => `${Repository}:${Tag}`, columns },
        values,
        'array',
      )
    return 0
  },
}

const columns = {
  CONTAINER: ({ ContainerName }: Row) => ContainerName,
  REPOSITORY: ({ Repository }: Row) => Repository,
  TAG: ({ Tag }: Row) => Tag,
  PLATFORM: ({ Platform }: Row) => Platform,
  'IMAGE ID': ({ ID }: Row) => short(ID),
  SIZE: ({ Size }: Row) => decimalSize(Size),
  CREATED: ({ LastTagTime }: Row) => ageOf(LastTagTime, systemClock.now()),
} as const

/** Since it got its name; `N/A` of one that has none. */
function ageOf(time: string, now: number): string {
  const since = Date.parse(time)
  return Number.isNaN(since) || since <= 0 ? 'N/A' : `${humanDuration(now - since)} ago`
}

function short(id: string): string {
  return id.replace('sha256:', '').slice(0, 12)
}

interface ImageInspect {
  readonly Os: string
  readonly Architecture: string
  readonly Variant?: string
  readonly Size: number
  readonly Metadata: { readonly LastTagTime: string }
}

/** Of an image that was removed by force since, while its container stays. */
const removed: ImageInspect = { Os: '', Architecture: '', Size: 0, Metadata: { LastTagTime: '' } }

async function inspect(id: string): Promise<ImageInspect> {
  try {
    return await askJson<ImageInspect>(`/images/${id}/json`)
  } catch (error) {
    if (error instanceof GalleyError && error.kind === 'not found') return removed
    throw error
  }
}

async function rowOf(row: ContainerRow): Promise<Row> {
  const { Os, Architecture, Variant = '', Size, Metadata } = await inspect(row.ImageID)
  // A container whose image lost its name since is listed with the image's id.
  const isNamed = !/^(sha256:)?[0-9a-f]{12,64}$/.test(row.Image)
  const reference = isNamed ? parseImageReference(row.Image) : undefined
  return {
    ID: row.ImageID,
    ContainerName: nameOf(row),
    Service: serviceOf(row),
    Repository: reference === undefined ? '<none>' : familiarName(reference),
    Tag: reference === undefined ? '<none>' : (reference.tag ?? 'latest'),
    Platform: [Os, Architecture, Variant].filter((part) => part !== '').join('/'),
    Size,
    LastTagTime: Metadata.LastTagTime,
  }
}
