import { digestOf, type Digest } from '#base/digest.ts'
import type { Attestation } from '#content/manifests/attestation.ts'

/** Of a result: how it was made (SLSA provenance), as a document that clients read by its digest. */
export interface Origin {
  readonly platform: string
  readonly predicateType: string
  readonly digest: Digest
  readonly size: number
}

export interface WrittenOrigin {
  readonly origin: Origin
  readonly text: string
}

/** The predicates as BuildKit keeps them in its history, which clients read and show. */
export function originsOf(said: ReadonlyMap<string, Attestation> = new Map()): readonly WrittenOrigin[] {
  return [...said].map(([platform, { predicateType, predicate }]) => {
    const text = JSON.stringify(predicate, undefined, 2)
    const bytes = Buffer.from(text)
    return { origin: { platform, predicateType, digest: digestOf(bytes), size: bytes.length }, text }
  })
}
