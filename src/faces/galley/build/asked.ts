import { GalleyError } from '#base/error.ts'

/**
 * What `POST /galley/v1/build` is asked for: a line of JSON, behind which the archive of a context may follow. A build is described as
 * BuildKit's Dockerfile frontend takes it, so that the same build through buildx is the same build.
 */
export interface BuildAsked {
  /** `filename`, `target`, `build-arg:NAME`, `context:NAME`, … */
  readonly options: Readonly<Record<string, string>>
  readonly exporters: readonly Typed[]
  readonly cacheFrom: readonly Typed[]
  readonly cacheTo: readonly Typed[]
  readonly entitlements: readonly string[]
  /** A question about the Dockerfile, such as `frontend.lint`, instead of a build. */
  readonly call?: string
  /** What a failed step leaves: its shell is for this client, or is there for a while. */
  readonly debug?: 'here' | 'kept'
  readonly client: LocalParts
}

/** An output or a cache. */
export interface Typed {
  readonly type: string
  readonly attributes: Readonly<Record<string, string>>
}

/** What of this machine belongs to the build's client; paths are absolute. */
export interface LocalParts {
  /** Directories by the name that options call them, or the texts of files that are on no disk. */
  readonly directories: Readonly<Record<string, string | { readonly texts: Readonly<Record<string, string>> }>>
  /** In base64. */
  readonly secrets: Readonly<Record<string, string>>
  /** Sockets of SSH agents. */
  readonly agents: Readonly<Record<string, string>>
  /** OCI image layouts. */
  readonly layouts: Readonly<Record<string, string>>
  /** Whose the files are that are written into layouts. */
  readonly owner: { readonly uid: number; readonly gid: number }
}

/** How options name the archive behind the line. */
export const archiveAddress = 'http://buildkit-session/context'

/** Bytes of the line. */
const longest = 64 << 20

/** Reads the line; what follows it is the archive. Throws `invalid`, `too large`. */
export async function readAsked(body: AsyncIterable<Buffer>): Promise<{ asked: BuildAsked; archive: AsyncIterable<Buffer> }> {
  const chunks = body[Symbol.asyncIterator]()
  const parts: Buffer[] = []
  for (let size = 0; ;) {
    const { done, value } = await chunks.next()
    if (done === true) return { asked: parsed(Buffer.concat(parts)), archive: rest(Buffer.alloc(0), chunks) }
    const end = value.indexOf('\n')
    parts.push(end < 0 ? value : value.subarray(0, end))
    size += value.length
    if (end >= 0) return { asked: parsed(Buffer.concat(parts)), archive: rest(value.subarray(end + 1), chunks) }
    if (size > longest) throw new GalleyError('too large', `the description of the build is larger than ${longest} bytes`)
  }
}

async function* rest(first: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  if (first.length > 0) yield first
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value
}

function parsed(line: Buffer): BuildAsked {
  try {
    const asked = JSON.parse(line.toString('utf8')) as Partial<BuildAsked> | null
    if (asked !== null && isTexts(asked.options) && typeof asked.client === 'object') {
      return {
        options: asked.options,
        exporters: (asked.exporters ?? []).map(typed),
        cacheFrom: (asked.cacheFrom ?? []).map(typed),
        cacheTo: (asked.cacheTo ?? []).map(typed),
        entitlements: (asked.entitlements ?? []).map(String),
        ...(asked.call !== undefined && { call: String(asked.call) }),
        ...((asked.debug === 'here' || asked.debug === 'kept') && { debug: asked.debug }),
        client: local(asked.client),
      }
    }
  } catch (cause) {
    if (cause instanceof GalleyError) throw cause
  }
  // The cause would quote what may be a secret.
  throw new GalleyError('invalid', 'the body must begin with a line of JSON that describes a build')
}

function typed({ type, attributes }: Typed): Typed {
  if (typeof type !== 'string' || !isTexts(attributes)) throw new GalleyError('invalid', 'outputs and caches have a type and attributes')
  return { type, attributes }
}

function local({ directories, secrets, agents, layouts, owner }: Partial<LocalParts>): LocalParts {
  const texts = (given: unknown = {}): Readonly<Record<string, string>> => {
    if (isTexts(given)) return given
    throw new GalleyError('invalid', 'secrets, agents and layouts are texts by name')
  }
  return {
    directories: directories ?? {},
    secrets: texts(secrets),
    agents: texts(agents),
    layouts: texts(layouts),
    owner: { uid: Number(owner?.uid ?? 0), gid: Number(owner?.gid ?? 0) },
  }
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'string')
}
