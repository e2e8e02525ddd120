import { GalleyError } from '#base/error.ts'
import { familiarReference, parseImageReference, withDefaultTag, type ImageReference } from '#base/image-reference.ts'
import { artifactTypes, type Layer } from '#compose/model/publish/artifact.ts'
import { pullArtifact, pushArtifact, type OciVersion, type WantedArtifact } from '#engine/images/artifacts.ts'
import type { Pushing } from '#engine/images/push.ts'
import { registryAuth } from '#faces/docker/registry-auth.ts'
import { readJson, sendJson, type Routes } from '#faces/docker/route.ts'

/** `POST /galley/v1/artifacts`. */
export interface PublishRequest {
  readonly reference: string
  readonly layers: readonly Layer[]
  readonly ociVersion?: OciVersion
}

/** `GET /galley/v1/artifacts?reference=…`. */
export interface PublishedProject {
  readonly digest: string
  readonly layers: readonly Layer[]
}

const kind = { artifactType: artifactTypes.project, oldConfig: artifactTypes.oldConfig } as const

function project(reference: ImageReference): WantedArtifact {
  const name = familiarReference(reference)
  return {
    ...kind,
    reference,
    otherKind: (mediaType) =>
      new GalleyError('invalid', `${name} is no published Compose project, but ${mediaType}`, {
        code: 'compose.invalid-artifact',
        subject: name,
        advice: 'galley publish NAME publishes a project.',
      }),
    tooLarge: () => new GalleyError('too large', `${name} is too large for a Compose project`, { subject: name }),
  }
}

/** Published projects at registries, our own included. What they mean is the caller's affair: only bytes and names pass through here. */
export function artifactRoutes(pushing: Pick<Pushing, 'own' | 'registries'>) {
  return {
    'POST /galley/v1/artifacts': async (call) => {
      const { reference, layers, ociVersion } = asked(await readJson(call))
      const files = layers.map(({ text, ...layer }) => ({ ...layer, bytes: Buffer.from(text) }))
      const artifact = { ...kind, reference: withDefaultTag(parseImageReference(reference)), layers: files, ociVersion }
      sendJson(call, 201, { digest: await pushArtifact(pushing, artifact, { credentials: registryAuth(call), signal: call.signal }) })
    },
    'GET /galley/v1/artifacts': async (call) => {
      const reference = withDefaultTag(parseImageReference(call.query.get('reference') ?? ''))
      const access = { credentials: registryAuth(call), signal: call.signal }
      const { digest, layers } = await pullArtifact(pushing.registries, project(reference), access)
      const files = layers.map(({ bytes, ...layer }) => ({ ...layer, text: bytes.toString('utf8') }))
      sendJson(call, 200, { digest, layers: files } satisfies PublishedProject)
    },
  } satisfies Routes
}

function asked(body: Readonly<Record<string, unknown>>): PublishRequest {
  const { reference, layers, ociVersion } = body
  const isVersion = ociVersion === undefined || ociVersion === '1.0' || ociVersion === '1.1'
  if (typeof reference === 'string' && Array.isArray(layers) && layers.every(isLayer) && isVersion)
    return { reference, layers, ...(ociVersion !== undefined && { ociVersion }) }
  throw new GalleyError('invalid', 'the body must hold a reference and layers')
}

function isLayer(value: unknown): value is Layer {
  const { mediaType, annotations, text } = (value ?? {}) as Partial<Record<keyof Layer, unknown>>
  return typeof mediaType === 'string' && typeof text === 'string' && typeof annotations === 'object' && annotations !== null
}
