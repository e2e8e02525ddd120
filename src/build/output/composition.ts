import { GalleyError } from '#base/error.ts'
import type { ImageReference } from '#base/image-reference.ts'
import { formatPlatform, normalPlatform } from '#content/manifests/platform.ts'
import type { Composition, Member } from '#engine/images/composition.ts'
import { imageUrl } from '../attest/materials.ts'
import type { Annotation, AnnotationLevel, BuildRequest, ImageParts } from '../request.ts'
import type { Built } from './built.ts'

interface CompositionParts extends ImageParts {
  readonly names: readonly ImageReference[]
  /** Whether it goes to a registry. */
  readonly leaves: boolean
}

/** What an output makes of images. Throws `invalid` for annotations that have no place in it. */
export function compositionFor(
  { indexed = false }: Pick<BuildRequest, 'indexed'>,
  built: readonly Built[],
  { annotations = [], artifacts = true, names, leaves }: CompositionParts,
): Composition {
  checkPlatforms(annotations, built)
  const isIndex = indexed || built.length > 1
  const index = { annotations: textsOf(annotations, 'index'), descriptorAnnotations: textsOf(annotations, 'index-descriptor') }
  if (!isIndex && (index.annotations ?? index.descriptorAnnotations) !== undefined)
    throw new GalleyError('invalid', 'index annotations not supported for single platform export', { code: 'build.index-annotation' })
  const isWhole = leaves || isIndex || built.some(({ attestations }) => attestations.some(({ inlineOnly }) => !inlineOnly))
  const members = built.map((one): Member => {
    const own = annotations.filter(({ platform }) => platform === undefined || isFor(one, platform))
    return {
      image: one.id,
      annotations: textsOf(own, 'manifest'),
      descriptorAnnotations: textsOf(own, 'manifest-descriptor'),
      attestations: isWhole ? one.attestations.map(({ predicateType, predicate }) => ({ predicateType, predicate })) : [],
      subjects: names.map((name) => imageUrl(name, normalPlatform(one.state.platform))),
    }
  })
  return { members, artifacts, ...(isIndex && { index }) }
}

function checkPlatforms(annotations: readonly Annotation[], built: readonly Built[]): void {
  const other = annotations.find(({ platform }) => platform !== undefined && !built.some((one) => isFor(one, platform)))?.platform
  if (other === undefined) return
  const name = formatPlatform(other)
  throw new GalleyError('invalid', `invalid annotation: no platform ${name} found in source`, { subject: name })
}

function isFor({ state }: Built, platform: NonNullable<Annotation['platform']>): boolean {
  return formatPlatform(normalPlatform(state.platform)) === formatPlatform(normalPlatform(platform))
}

/** undefined when there are none. */
function textsOf(annotations: readonly Annotation[], level: AnnotationLevel): Record<string, string> | undefined {
  const own = annotations.filter((annotation) => annotation.level === level)
  return own.length === 0 ? undefined : Object.fromEntries(own.map(({ key, value }) => [key, value]))
}
