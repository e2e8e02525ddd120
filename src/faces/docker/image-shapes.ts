import { parseImageReference } from '#base/image-reference.ts'
import type { HistoryLine } from '#engine/images/history.ts'
import type { Images } from '#engine/images/images.ts'
import type { Image } from '#engine/images/model.ts'

/** `ImageSummary` of the Engine API; -1 is its "not calculated". */
export function imageSummary(image: Image, { containers, shared }: { containers: number; shared: number }): object {
  return {
    Containers: containers,
    Created: Math.floor(image.created / 1000),
    Id: image.id,
    Labels: image.config.config?.Labels ?? null,
    ParentId: image.parent ?? '',
    RepoDigests: digestsOf(image),
    RepoTags: tagsOf(image),
    SharedSize: shared,
    Size: image.size,
  }
}

/** `ImageInspect` of the Engine API, with the fields that it had before version 1.45, if wished. */
export function imageInspect(images: Images, image: Image, { formerFields }: { readonly formerFields: boolean }): object {
  const { architecture, variant, os, author, created, config } = image.config
  return {
    Id: image.id,
    RepoTags: tagsOf(image),
    RepoDigests: digestsOf(image),
    Parent: image.parent ?? '',
    Comment: image.config.history?.at(-1)?.comment ?? '',
    Created: created ?? '0001-01-01T00:00:00Z',
    DockerVersion: '',
    Author: author ?? '',
    Config: runConfig(config ?? {}),
    ...(formerFields && { Container: '', ContainerConfig: runConfig(config ?? {}) }),
    Architecture: architecture,
    ...(variant === undefined ? {} : { Variant: variant }),
    Os: os,
    Size: image.size,
    GraphDriver: { Name: 'overlay2', Data: directories(images, image) },
    RootFS: { Type: 'layers', Layers: image.layers },
    Metadata: { LastTagTime: image.tagged === 0 ? '0001-01-01T00:00:00Z' : new Date(image.tagged).toISOString() },
  }
}

/** One entry of `GET /images/{name}/history`. */
export function historyItem({ id, created, createdBy, comment, tags, size }: HistoryLine): object {
  return {
    Id: id,
    Created: Math.floor(created / 1000),
    CreatedBy: createdBy,
    Tags: tags.length === 0 ? null : tags,
    Size: size,
    Comment: comment,
  }
}

function runConfig(config: Readonly<Record<string, unknown>>): object {
  return { User: '', Env: null, Cmd: null, Volumes: null, WorkingDir: '', Entrypoint: null, OnBuild: null, Labels: null, ...config }
}

function directories(images: Images, image: Image): Record<string, string> {
  const paths = image.layers.toReversed().map((layer) => images.content.layers.path(layer))
  const [upper, ...lower] = paths
  return { ...(upper === undefined ? {} : { UpperDir: upper }), ...(lower.length === 0 ? {} : { LowerDir: lower.join(':') }) }
}

/** In the order of their full names, as Docker has them. */
function tagsOf({ references }: Image): readonly string[] {
  const tags = references.filter((text) => parseImageReference(text).digest === undefined)
  return tags.length < 2 ? tags : tags.toSorted((a, b) => (fullName(a) < fullName(b) ? -1 : 1))
}

function fullName(text: string): string {
  const { domain, path, tag = '' } = parseImageReference(text)
  return `${domain}/${path}:${tag}`
}

function digestsOf({ references }: Image): readonly string[] {
  return references.filter((text) => parseImageReference(text).digest !== undefined)
}
