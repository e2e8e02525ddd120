import type { Stage } from '#build/dockerfile/model.ts'
import type { Question } from './subrequests.ts'

/** The stages of a Dockerfile; the last one is what is built when none is named. */
export function targets({ file, text }: Question): object {
  const last = file.stages.length - 1
  return {
    targets: file.stages.map((stage, index) => ({
      ...(stage.name !== undefined && { name: stage.name }),
      ...(index === last && { default: true }),
      base: stage.base,
      ...(stage.platform !== undefined && { platform: stage.platform }),
      location: locationOf(stage.place),
    })),
    sources: [Buffer.from(text).toString('base64')],
  }
}

/** `pb.Location`, in the only file there is. */
export function locationOf({ line, lastLine = line }: Stage['place']): object {
  return { ranges: [{ start: { line }, end: { line: lastLine } }] }
}
