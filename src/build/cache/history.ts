import type { Digest } from '#base/digest.ts'
import type { HistoryEntry } from '#engine/images/model.ts'

/** What an image's history tells of how it was made. */
export interface MadeImage {
  readonly layers: readonly Digest[]
  readonly history: readonly HistoryEntry[]
  readonly architecture: string
  /** Milliseconds since the epoch. */
  readonly created: number
}

/** Where a stage is: the lines of all its steps with those of its base image, and its files. */
export interface Reached {
  readonly lines: readonly string[]
  readonly layers: readonly Digest[]
  readonly architecture: string
}

/**
 * What the next step came to in an image that was made by the same steps from the same files, as Docker's classic builder concludes
 * (`--cache-from`): undefined where the image went another way, `layer` undefined for a step that made no files. Pure.
 */
export function nextInHistory(image: MadeImage, reached: Reached, line: string): { readonly layer: Digest | undefined } | undefined {
  const { history, layers } = image
  const before = history.slice(0, reached.lines.length)
  const next = history[reached.lines.length]
  if (next === undefined || image.architecture !== reached.architecture || !sameLine(next.created_by, line)) return undefined
  if (!before.every(({ created_by }, index) => sameLine(created_by, reached.lines[index]))) return undefined
  if (!reached.layers.every((layer, index) => layers[index] === layer)) return undefined
  // Histories that don't tell of all layers tell nothing of this one.
  if (before.filter(({ empty_layer }) => empty_layer !== true).length !== reached.layers.length) return undefined
  if (next.empty_layer === true) return { layer: undefined }
  const layer = layers[reached.layers.length]
  return layer === undefined ? undefined : { layer }
}

function sameLine(a: string | undefined, b: string | undefined): boolean {
  return plain(a ?? '') === plain(b ?? '')
}

const keyword = /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR) /

/** The line as Galley writes it: BuildKit marks its own, and the classic builder says of commands the command alone. */
function plain(line: string): string {
  const [, quiet] = /^\/bin\/sh -c #\(nop\) +(.*)$/s.exec(line) ?? []
  const text = (quiet ?? line).replace(/ # buildkit$/, '')
  return quiet !== undefined || keyword.test(text) ? text : `RUN ${text}`
}
