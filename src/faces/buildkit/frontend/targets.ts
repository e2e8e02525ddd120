import type { Stage } from '#build/dockerfile/model.ts'
import type { Question } from './subrequests.ts'

/** The stages of a Dockerfile; the last one is what is built when none is named. */
export function targets({ file, text }: Question): object {
  const last = file.stages.length - 1
  const lines = text.split(/\r?\n/)
  return {
    targets: file.stages.map((stage, index) => ({
      ...(stage.name !== undefined && { name: stage.name }),
      ...(index === last && { default: true }),
      ...described(lines, stage),
      base: stage.base,
      ...(stage.platform !== undefined && { platform: stage.platform }),
      location: locationOf(stage.place),
    })),
    sources: [Buffer.from(text).toString('base64')],
  }
}

/** What a comment above a stage says of it that begins with its name: `# build compiles the program`. */
function described(lines: readonly string[], { name, place }: Stage): { description?: string } {
  for (let at = place.line - 2; name !== undefined && /^\s*#/.test(lines[at] ?? ''); at--) {
    const comment = /^\s*#\s*(.*?)\s*$/.exec(lines[at] ?? '')?.[1] ?? ''
    if (comment.startsWith(`${name} `)) return { description: comment.slice(name.length + 1).trim() }
  }
  return {}
}

/** `pb.Location`, in the only file there is. */
export function locationOf({ line, lastLine = line }: Stage['place']): object {
  return { ranges: [{ start: { line }, end: { line: lastLine } }] }
}
