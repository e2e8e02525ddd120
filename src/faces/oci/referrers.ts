import { mediaTypes } from '#content/manifests/media-types.ts'
import { parseContentDigest } from '#registry/digest.ts'
import { referrersOf, type ReferrerDescriptor } from '#registry/manifests.ts'
import { nextPage, sendJson, type Call, type Face } from './face.ts'

/** Bytes of descriptors on one page: clients read 4 MiB. */
const largestPage = 2 << 20

/** `GET /v2/<name>/referrers/<digest>` (end-12a, end-12b). */
export function listReferrers({ registry }: Face, call: Call): void {
  const subject = parseContentDigest(call.last)
  const wanted = call.query.get('artifactType')
  const all = referrersOf(registry.repositories.get(call.name), subject).filter(
    ({ artifactType }) => wanted === null || artifactType === wanted,
  )
  const after = call.query.get('last')
  const rest = after === null ? all : all.filter(({ digest }) => digest > after)
  const manifests = pageOf(rest)
  const last = manifests.at(-1)?.digest
  const filter = wanted === null ? {} : { artifactType: wanted }
  sendJson(
    call,
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
    {
      'content-type': mediaTypes.ociIndex,
      ...(wanted !== null && { 'oci-filters-applied': 'artifactType' }),
      ...(last !== undefined && manifests.length < rest.length && nextPage(`/v2/${call.name}/referrers/${subject}`, { ...filter, last })),
    },
  )
}

function pageOf(all: readonly ReferrerDescriptor[]): readonly ReferrerDescriptor[] {
  let size = 0
  const end = all.findIndex((one, index) => {
    size += JSON.stringify(one).length
    return index > 0 && size > largestPage
  })
  return end < 0 ? all : all.slice(0, end)
}
