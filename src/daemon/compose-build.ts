import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { GalleyError, messageOf } from '#base/error.ts'
import { parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import { buildImage } from '#build/build.ts'
import type { Builder } from '#build/builder.ts'
import { DirectoryContext } from '#build/context/directory-context.ts'
import type { OnProgress } from '#build/progress.ts'
import type { Told, World } from '#compose/apply/world.ts'
import { transferTold } from './compose-transfer.ts'

/** Lets Compose projects build their images. */
export function buildForCompose(builder: Builder): World['images']['build'] {
  return async (reference, { context, dockerfile, args, target }, told, signal) => {
    await buildImage(builder, {
      context: new DirectoryContext(context),
      dockerfile: dockerfileOf(context, dockerfile),
      args: new Map(Object.entries(args)),
      ...(target !== undefined && { target }),
      tags: [withDefaultTag(parseImageReference(reference))],
      labels: {},
      limits: { network: 'default', hosts: [], resources: {} },
      onProgress: buildTold(told),
      signal,
    })
  }
}

/** One outside of the context is read here, as a build looks for it inside alone. */
function dockerfileOf(context: string, written: string): string | { readonly text: string } {
  const path = resolve(context, written)
  const inside = relative(context, path)
  if (!inside.startsWith('../')) return inside
  try {
    return { text: readFileSync(path, 'utf8') }
  } catch (cause) {
    throw new GalleyError('not found', `the Dockerfile ${path} can't be read: ${messageOf(cause)}`, { subject: path, cause })
  }
}

/** Steps, what they print in whole lines, and how far a base image's pull is. */
function buildTold(told: Told): OnProgress {
  const transfer = transferTold(told)
  const lines = new Map<number, LineBuffer>()
  return (event) => {
    switch (event.type) {
      case 'step':
        return told.progress(`Step ${event.number}/${event.total} : ${event.text}`)
      case 'output':
        return linesOf(lines, event.stage).push(event.text).forEach(told.output)
      case 'warning':
        return told.warning(event.text)
      case 'transfer':
        return transfer(event.transfer)
      default:
        return undefined
    }
  }
}

/** Stages print at the same time. */
function linesOf(buffers: Map<number, LineBuffer>, stage: number): LineBuffer {
  const buffer = buffers.get(stage) ?? new LineBuffer()
  buffers.set(stage, buffer)
  return buffer
}
