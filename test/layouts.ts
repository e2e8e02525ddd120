import { readFileSync } from 'node:fs'
import type { Instance } from './instance.ts'

export interface LayoutDescriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: { readonly os: string; readonly architecture: string }
  readonly artifactType?: string
}

/** A manifest or an index, as far as tests look at it. */
export interface LayoutDocument {
  readonly mediaType: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly manifests?: readonly LayoutDescriptor[]
  readonly config?: LayoutDescriptor
  readonly layers?: readonly LayoutDescriptor[]
  readonly subject?: LayoutDescriptor
  readonly artifactType?: string
}

/** An OCI image layout, unpacked from a tar. */
export class Layout {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async of(instance: Instance, tar: string): Promise<Layout> {
    const directory = `${tar}.d`
    const { code, err } = await instance.command('sh', ['-c', 'mkdir "$1" && tar -xf "$2" -C "$1"', 'sh', directory, tar])
    if (code !== 0) throw new Error(err)
    return new Layout(directory)
  }

  /** Of the whole. */
  get top(): LayoutDescriptor {
    const { manifests = [] } = JSON.parse(readFileSync(`${this.#directory}/index.json`, 'utf8')) as LayoutDocument
    if (manifests[0] === undefined) throw new Error('the layout is empty')
    return manifests[0]
  }

  /** Where a blob lies. */
  path({ digest }: Pick<LayoutDescriptor, 'digest'>): string {
    return `${this.#directory}/blobs/${digest.replace(':', '/')}`
  }

  json<T = LayoutDocument>(descriptor: Pick<LayoutDescriptor, 'digest'>): T {
    return JSON.parse(readFileSync(this.path(descriptor), 'utf8')) as T
  }
}
