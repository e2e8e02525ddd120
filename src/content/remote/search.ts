import type { Connection } from './connection.ts'
import { RegistryError } from './error.ts'
import { readText } from './read-body.ts'

export interface SearchResult {
  readonly name: string
  readonly description: string
  readonly stars: number
  readonly official: boolean
}

const largestAnswer = 4 << 20

/** Searches as Docker Hub offers it (`/v1/search`). Throws `not found` where the registry has no such thing. */
export async function search(connection: Connection, term: string, limit: number, signal: AbortSignal): Promise<readonly SearchResult[]> {
  const query = new URLSearchParams({ q: term, n: String(limit) })
  const { body } = await connection.send({ method: 'GET', path: `/v1/search?${query}`, scopes: [], signal })
  return resultsOf(await readText(body, largestAnswer))
}

function resultsOf(text: string): readonly SearchResult[] {
  try {
    const { results } = JSON.parse(text) as { results: readonly Readonly<Record<string, unknown>>[] }
    return results.map((each) => ({
      name: String(each['name'] ?? ''),
      description: String(each['description'] ?? ''),
      stars: Number(each['star_count'] ?? 0),
      official: each['is_official'] === true,
    }))
  } catch (cause) {
    throw new RegistryError('unavailable', 'the registry does not answer the search in JSON', { cause })
  }
}
