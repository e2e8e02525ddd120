import type { ContentDigest } from '../digest.ts'
import { findManifest } from '../manifests.ts'
import type { StoredManifest } from '../put-manifest.ts'
import type { Registry } from '../registry.ts'
import type { BlobLink } from '../repositories.ts'

/** What is read of a repository, whether it is ours or another registry's. */
export class Mirrors {
  readonly #registry: Registry
  readonly #domains: readonly string[]

  constructor(registry: Registry, domains: readonly string[]) {
    this.#registry = registry
    this.#domains = domains
  }

  /** Whether a repository is another registry's. */
  has(name: string): boolean {
    return this.#domains.some((domain) => name.startsWith(`${domain}/`))
  }

  async blob(name: string, digest: ContentDigest, _signal: AbortSignal): Promise<BlobLink> {
    return this.#registry.blob(name, digest)
  }

  async manifest(
    name: string,
    reference: string,
    _signal: AbortSignal,
  ): Promise<{ readonly stored: StoredManifest; readonly stale: boolean }> {
    return { stored: findManifest(this.#registry, name, reference), stale: false }
  }

  async tags(name: string, _signal: AbortSignal): Promise<readonly string[]> {
    return [...this.#registry.repository(name).tags.keys()].toSorted()
  }
}
