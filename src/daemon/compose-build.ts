import { parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { buildImage } from '#build/build.ts'
import type { Builder } from '#build/builder.ts'
import type { BuildEvent } from '#build/progress.ts'
import type { Told, World } from '#compose/apply/world.ts'
import { packTree } from '#content/layers/pack.ts'

/** Lets Compose projects build their images. */
export function buildForCompose(builder: Builder): World['images']['build'] {
  return async (reference, { context, dockerfile, args, target }, told, signal) => {
    await buildImage(builder, {
      context: { tar: packTree(context) },
      dockerfile,
      args: new Map(Object.entries(args)),
      ...(target !== undefined && { target }),
      tags: [withDefaultTag(parseImageReference(reference))],
      labels: {},
      limits: { network: 'default', hosts: [], resources: {} },
      onProgress: (event) => tell(event, told),
      signal,
    })
  }
}

/** Steps and what they print; what a base image's pull notes, such as a stand-in, is for the person to know. */
function tell(event: BuildEvent, told: Told): void {
  if (event.type === 'step') told.progress(`Step ${event.number}/${event.total} : ${event.text}`)
  else if (event.type === 'output') for (const line of event.text.split('\n')) if (line.trim() !== '') told.progress(line)
  if (event.type === 'warning') told.warning(event.text)
  if (event.type === 'transfer' && event.transfer.type === 'note') told.warning(event.transfer.text)
}
